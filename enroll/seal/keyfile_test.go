// SPDX-License-Identifier: GPL-3.0-or-later

package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenCreates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	first, err := Open(path)
	require.NoError(t, err)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, "^[0-9a-f]{64}\n$", string(before))
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
	}

	again, err := Open(path)
	require.NoError(t, err)
	require.Equal(t, first.Derive("x"), again.Derive("x"))
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)

	names, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, names, 1, "temporary file left behind")
}

func TestOpenForms(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb}, KeySize)
	box, err := New(key)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"hex":                hex.EncodeToString(key) + "\n",
		"hex, upper case":    strings.ToUpper(hex.EncodeToString(key)),
		"base64":             base64.StdEncoding.EncodeToString(key) + "\r\n",
		"base64, no padding": base64.RawStdEncoding.EncodeToString(key),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "master.key")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			got, err := Open(path)
			require.NoError(t, err)
			require.Equal(t, box.Derive("x"), got.Derive("x"))
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	good := strings.Repeat("ab", KeySize)
	cases := map[string]struct {
		text, want string
		mode       os.FileMode
	}{
		"error/empty":              {"", "wrong length", 0o600},
		"error/too short":          {good[2:], "wrong length", 0o600},
		"error/two lines":          {good + "\n" + good + "\n", "wrong length", 0o600},
		"error/huge":               {strings.Repeat(" ", maxKeyFile) + good, "wrong length", 0o600},
		"error/neither":            {strings.Repeat("z!", KeySize), "neither hex nor base64", 0o600},
		"error/readable by group":  {good, "chmod 600", 0o640},
		"error/readable by others": {good, "chmod 600", 0o604},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && c.mode != 0o600 {
				t.Skip("mode bits say nothing on Windows")
			}
			path := filepath.Join(t.TempDir(), "master.key")
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			require.NoError(t, os.Chmod(path, c.mode))
			_, err := Open(path)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, path)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, c.text, string(after))
		})
	}
	t.Run("error/directory", func(t *testing.T) {
		_, err := Open(t.TempDir())
		require.ErrorContains(t, err, "not a regular file")
	})
	t.Run("error/no folder", func(t *testing.T) {
		_, err := Open(filepath.Join(t.TempDir(), "absent", "master.key"))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestOpenTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	derived := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range derived {
		wg.Go(func() {
			box, err := Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			derived[i] = box.Derive("x")
		})
	}
	wg.Wait()
	for _, d := range derived {
		require.Equal(t, derived[0], d)
	}
}
