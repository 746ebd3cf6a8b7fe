// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// domainSize is more than a domain of a test takes.
const domainSize = 512 << 20

// inMemory returns a folder where syncing, of which Samba does much, is quick.
func inMemory(t testing.TB) string {
	t.Helper()
	const shared = "/dev/shm"
	var s syscall.Statfs_t
	if err := syscall.Statfs(shared, &s); err != nil || s.Bavail*uint64(s.Bsize) < domainSize {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(shared, "samba")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}
