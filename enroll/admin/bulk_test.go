// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

func asCSV(r *http.Request) { r.Header.Set("Content-Type", "text/csv; charset=utf-8") }

func TestUserImport(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	root := a.administrator(t)
	got := a.call(t, "POST", "/user-import", "username,password\nann,short\nann,"+appliancetest.Password+"\n", root, asCSV)
	detail := problemOf(t, got, http.StatusUnprocessableEntity, "invalid_file")
	require.Contains(t, detail, "line 2, column password")
	require.Contains(t, detail, "line 3, column username")

	// No key is ready for so many: it takes a while.
	file := "username,password,last_name\n"
	for _, name := range []string{"ann", "bob", "carol", "dora", "emil", "fay", "gus", "hans"} {
		file += name + "," + appliancetest.Password + ",=1+1\n"
	}
	got = a.call(t, "POST", "/user-import", file, root, asCSV)
	require.Equal(t, http.StatusAccepted, got.Status, "%s", got.Body)
	require.JSONEq(t, `{"users":8}`, string(got.Body))
	if got = a.call(t, "POST", "/user-import", "username,password\nzoe,"+appliancetest.Password+"\n", root, asCSV); got.Status != http.StatusAccepted {
		problemOf(t, got, http.StatusConflict, "import_running")
	}
	require.Eventually(t, func() bool {
		var state admin.UserImport
		a.call(t, "GET", "/user-import", nil, root).JSON(t, &state)
		return state.State == "done" && state.Made == state.Total && len(state.Failed) == 0
	}, time.Minute, 20*time.Millisecond)
	a.person(t, "hans")
	got = a.call(t, "GET", "/user-export", nil, root)
	require.Equal(t, http.StatusOK, got.Status)
	require.Contains(t, string(got.Body), "hans,,'=1+1,")
	require.NotContains(t, string(got.Body), appliancetest.Password)
}
