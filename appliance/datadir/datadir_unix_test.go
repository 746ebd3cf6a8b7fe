// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package datadir

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	dir, err := Open(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), mode(t, path))
	require.Equal(t, fs.FileMode(0o600), mode(t, dir.Path("lock")))
	require.NoError(t, dir.Close())

	require.NoError(t, os.Chmod(path, 0o750))
	dir, err = Open(path)
	require.NoError(t, err)
	require.Equal(t, path+" is open to other users (mode 0750); it was made private", dir.Warning())
	require.Equal(t, fs.FileMode(0o700), mode(t, path))
	require.NoError(t, dir.Close())
}

func TestOpenToOthers(t *testing.T) {
	t.Run("ok/empty", func(t *testing.T) {
		path := t.TempDir()
		require.NoError(t, os.Chmod(path, 0o755))
		dir, err := Open(path)
		require.NoError(t, err)
		require.NotEmpty(t, dir.Warning())
		require.NoError(t, dir.Close())
	})
	t.Run("error/not a data folder", func(t *testing.T) {
		path := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(path, "letter"), nil, 0o600))
		require.NoError(t, os.Chmod(path, 0o755))
		_, err := Open(path)
		require.ErrorContains(t, err, path+" is open to other users (mode 0755) and holds files of others; ")
		require.Equal(t, fs.FileMode(0o755), mode(t, path))
	})
	t.Run("error/of another user", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("giving a folder away needs root")
		}
		path := t.TempDir()
		require.NoError(t, os.Chmod(path, 0o755))
		require.NoError(t, os.Chown(path, 65534, 65534))
		_, err := Open(path)
		require.ErrorContains(t, err, " and belongs to user 65534; ")
		require.Equal(t, fs.FileMode(0o755), mode(t, path))
	})
}
