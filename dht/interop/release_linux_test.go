// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// newer is the variable that names the programs of other releases, as PATH names
// folders.
const newer = "JAMIBOX_NEWER_DHTNODE"

// release is a dhtnode that can be run. Its name is what it says of itself.
type release struct {
	name, program string
}

var version = regexp.MustCompile(`OpenDHT version (\S+)`)

func newRelease(t *testing.T, program string) release {
	t.Helper()
	command := exec.Command(program, "--version")
	command.Env = environment()
	said, err := command.Output()
	require.NoError(t, err, program)
	match := version.FindSubmatch(said)
	require.NotNil(t, match, "%s does not tell its version: %s", program, said)
	return release{name: string(match[1]), program: program}
}

// distributed returns the release of the distribution.
func distributed(t *testing.T) release {
	t.Helper()
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
	return newRelease(t, "dhtnode")
}

// releases returns all there are, at first that of the distribution.
func releases(t *testing.T) []release {
	t.Helper()
	all := []release{distributed(t)}
	programs := filepath.SplitList(os.Getenv(newer))
	for _, program := range programs {
		all = append(all, newRelease(t, program))
	}
	if len(programs) == 0 {
		t.Logf("%s does not name a dhtnode of another release; newer.sh makes one", newer)
	}
	return all
}
