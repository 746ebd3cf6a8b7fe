// SPDX-License-Identifier: GPL-3.0-or-later

package datadir

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const holdEnv = "DATADIR_TEST_HOLD"

// TestMain lets the test binary run itself as the other process.
func TestMain(m *testing.M) {
	if path := os.Getenv(holdEnv); path != "" {
		_, err := Open(path)
		fmt.Println("opened", err)
		// Ends with the test at the latest, which holds the other end.
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// hold opens path in another process.
func hold(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), holdEnv+"="+path)
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "opened <nil>\n", line)
	return cmd
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parent", "data")
	dir, err := Open(path)
	require.NoError(t, err)
	require.Empty(t, dir.Warning())
	require.Equal(t, path, dir.Path(""))
	require.Equal(t, filepath.Join(path, "jamibox.db"), dir.Path("jamibox.db"))
	content, err := os.ReadFile(filepath.Join(path, "lock"))
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(os.Getpid()), strings.TrimSpace(string(content)))

	_, err = Open(path)
	require.ErrorIs(t, err, ErrLocked, "also within one process")
	require.NoError(t, dir.Close())
	dir, err = Open(path)
	require.NoError(t, err)
	require.NoError(t, dir.Close())
}

func TestSecondProcess(t *testing.T) {
	path := t.TempDir()
	other := hold(t, path)
	_, err := Open(path)
	require.ErrorIs(t, err, ErrLocked)
	require.EqualError(t, err, fmt.Sprintf("data folder in use: another jamibox (process %d) uses %s; "+
		"stop it first or choose another folder with --data-dir", other.Process.Pid, path))

	require.NoError(t, other.Process.Kill())
	require.Error(t, other.Wait())
	dir, err := Open(path)
	require.NoError(t, err, "kill -9 gives the lock back")
	require.NoError(t, dir.Close())
}

func TestHolderUnknown(t *testing.T) {
	path := t.TempDir()
	dir, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, dir.lock.Truncate(0))
	_, err = Open(path)
	require.ErrorContains(t, err, "another jamibox uses "+path)
	require.NoError(t, dir.Close())
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(file)
	require.EqualError(t, err, "creating data folder: "+file+" is not a folder")
	_, err = Open(filepath.Join(file, "data"))
	require.ErrorContains(t, err, "creating data folder: ")

	path := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(path, "lock"), 0o700))
	_, err = Open(path)
	require.ErrorContains(t, err, "locking data folder: ")
}
