// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

func TestUserImportAndExport(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	file := filepath.Join(t.TempDir(), "users.csv")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	require.Zero(t, b.run(t, "group", "add", "staff").code)

	write("username;password;groups\nann;" + password + ";nobody\nbob;short;staff\n")
	for _, args := range [][]string{{"user", "import", file}, {"user", "import", file, "--dry-run"}} {
		requireFailure(t, b.run(t, args...), 1, "nobody was made", `line 2, column groups: there is no group "nobody"`, "line 3, column password")
	}
	write("username;password;groups;last_name\nann;" + password + ";staff;Öz\nbob;" + password + ";;@x\n")
	require.Equal(t, "2 users could be made\n", b.run(t, "user", "import", file, "--dry-run").stdout)
	require.Equal(t, "[]\n", b.run(t, "user", "list", "--json").stdout)
	r := b.run(t, "user", "import", file)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, "2 users made\n", r.stdout)
	reply := b.client(t).Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic("bob", password))
	require.Equal(t, http.StatusOK, reply.Status)
	r = b.run(t, "user", "export")
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, "\ufeffusername,first_name,last_name,email,phone,organization,groups\nann,,Öz,,,,staff\nbob,,'@x,,,,\n", r.stdout)

	cmd := b.command(t, "user", "import", "-", "--json")
	cmd.Stdin = strings.NewReader("username,password\ncarol," + password + "\n")
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Contains(t, string(out), `"state": "done"`)
	requireFailure(t, b.run(t, "user", "import", "/nonexistent"), 1, "/nonexistent")
	require.Equal(t, 2, b.run(t, "user", "import").code)
	require.NotContains(t, b.log.String(), password)
}

// TestImportGoesOnAfterACrash: what was accepted is done, whatever happens to
// the box.
func TestImportGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	text := "username,password\n"
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		text += name + "," + password + "\n"
	}
	file := filepath.Join(t.TempDir(), "users.csv")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	require.Equal(t, "12 users are being made\n", b.run(t, "user", "import", file, "--no-wait").stdout)
	b.kill(t)
	b.start(t)
	require.Eventually(t, func() bool {
		var state admin.UserImport
		b.runJSON(t, &state, "user", "import-state")
		return state.State == "done" && state.Made == 12 && len(state.Failed) == 0
	}, time.Minute, 50*time.Millisecond)
	require.Equal(t, "done: 12 of 12 users made\n", b.run(t, "user", "import-state").stdout)
}
