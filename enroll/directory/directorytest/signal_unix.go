// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package directorytest

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func pause(t testing.TB, p *os.Process) {
	t.Helper()
	require.NoError(t, p.Signal(syscall.SIGSTOP))
}

func resume(t testing.TB, p *os.Process) {
	t.Helper()
	require.NoError(t, p.Signal(syscall.SIGCONT))
}
