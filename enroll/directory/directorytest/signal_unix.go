// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package directorytest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func pause(t testing.TB, p *os.Process) {
	t.Helper()
	require.NoError(t, p.Signal(syscall.SIGSTOP))
	require.Eventually(t, func() bool { return stopped(t, p.Pid) }, 20*time.Second, time.Millisecond)
}

// stopped tells whether all threads of a process stand still, which they do a
// while after the signal on a busy machine. Where there is no /proc they are
// taken to.
func stopped(t testing.TB, pid int) bool {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	require.NoError(t, err)
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			return false // the thread has just ended
		}
		// The name in brackets may hold anything; the state follows it.
		if rest := stat[bytes.LastIndexByte(stat, ')')+1:]; !bytes.HasPrefix(rest, []byte(" T")) {
			return false
		}
	}
	return true
}

func resume(t testing.TB, p *os.Process) {
	t.Helper()
	require.NoError(t, p.Signal(syscall.SIGCONT))
}
