// SPDX-License-Identifier: GPL-3.0-or-later

//go:build unix

package osnotify

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manager listens as systemd does.
func manager(t *testing.T) (receive func() string) {
	t.Helper()
	// A socket's path must be short, which t.TempDir does not promise.
	dir, err := os.MkdirTemp("", "sd")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	addr := &net.UnixAddr{Name: filepath.Join(dir, "n"), Net: "unixgram"}
	conn, err := net.ListenUnixgram("unixgram", addr)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	t.Setenv("NOTIFY_SOCKET", addr.Name)
	return func() string {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		buf := make([]byte, 4096)
		n, err := conn.Read(buf)
		require.NoError(t, err)
		return string(buf[:n])
	}
}

func notifier() (*Notifier, *bytes.Buffer) {
	var log bytes.Buffer
	return New(slog.New(slog.NewTextHandler(&log, nil))), &log
}

func TestNotices(t *testing.T) {
	receive := manager(t)
	n, log := notifier()
	n.Ready()
	require.Equal(t, "READY=1", receive())
	n.Reloading()
	require.Regexp(t, `^RELOADING=1\n(MONOTONIC_USEC=\d+\n)?$`, receive())
	n.Status("2 of 3 ready\nREADY=1")
	require.Equal(t, "STATUS=2 of 3 ready READY=1", receive())
	n.Stopping()
	require.Equal(t, "STOPPING=1", receive())
	require.Empty(t, log.String())
}

func TestWatchdog(t *testing.T) {
	receive := manager(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	n, log := notifier()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.Watchdog(ctx)
	}()
	for range 3 {
		require.Equal(t, "WATCHDOG=1", receive())
	}
	cancel()
	<-ended
	require.Empty(t, log.String())
}

func TestWithoutManager(t *testing.T) {
	for name, c := range map[string]struct{ socket, usec, log string }{
		"ok/none":                  {},
		"error/socket is gone":     {socket: "/absent/socket", log: "not delivered"},
		"error/watchdog malformed": {usec: "soon", log: "not understood"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NOTIFY_SOCKET", c.socket)
			t.Setenv("WATCHDOG_USEC", c.usec)
			t.Setenv("WATCHDOG_PID", "")
			n, log := notifier()
			n.Ready()
			n.Watchdog(t.Context())
			if c.log == "" {
				require.Empty(t, log.String())
				return
			}
			require.Contains(t, log.String(), c.log)
		})
	}
}
