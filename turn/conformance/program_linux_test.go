// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bytes"
	"context"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// startProgram runs a program until it is stopped or the test ends, and shows
// its last words if that failed. With peers it runs among them. The program
// ends with the tests, however these end.
func startProgram(t *testing.T, peers bool, name string, args ...string) (stop func()) {
	t.Helper()
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	program := exec.CommandContext(ctx, name, args...)
	program.Stdout, program.Stderr, program.Dir = &log, &log, t.TempDir()
	program.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		// The signal comes at the end of the thread that starts the program,
		// so that one is kept for it.
		runtime.LockOSThread()
		var err error
		if peers {
			err = enterPeers()
		}
		if err == nil {
			err = program.Start()
		}
		started <- err
		if err == nil {
			_ = program.Wait() // killed by the end of its context
		}
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("the last words of %s: %s", name, log.Bytes()[max(0, log.Len()-2000):])
		}
	})
	require.NoError(t, <-started)
	return stop
}
