// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package main_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTerminated(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	b.terminate(t)
}

// TestTerminatedWithoutSetup ends the services while they wait for the set-up.
func TestTerminatedWithoutSetup(t *testing.T) {
	t.Parallel()
	b := freshBox(t)
	b.launch(t)
	require.Eventually(t, func() bool { return announcement.MatchString(b.out.String()) }, 20*time.Second, 10*time.Millisecond)
	b.terminate(t)
}

func (b *box) terminate(t *testing.T) {
	t.Helper()
	require.NoError(t, b.process.Process.Signal(syscall.SIGTERM))
	require.Zero(t, b.await(t), "%s", b.log)
	require.NotContains(t, b.log.String(), "level=ERROR")
}
