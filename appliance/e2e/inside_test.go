// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"jamibox/appliance/e2e/lab"
)

// inside does a deed in a network namespace: what it starts and what it dials
// to numeric addresses is there.
func inside(t testing.TB, n *lab.Namespace, deed func()) {
	t.Helper()
	runtime.LockOSThread()
	open := func(path string) int {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		require.NoError(t, err)
		return fd
	}
	home := open("/proc/thread-self/ns/net")
	defer func() {
		err := unix.Setns(home, unix.CLONE_NEWNET)
		unix.Close(home)
		// A thread that cannot go back is not used again.
		require.NoError(t, err)
		runtime.UnlockOSThread()
	}()
	there := open(filepath.Join("/run/netns", n.Name()))
	defer unix.Close(there)
	require.NoError(t, unix.Setns(there, unix.CLONE_NEWNET))
	deed()
}
