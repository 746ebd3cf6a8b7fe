// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// signals is a log that tells of warnings.
type signals struct {
	slog.Handler
	warned chan struct{}
}

func (s signals) Enabled(context.Context, slog.Level) bool { return true }

func (s signals) WithAttrs([]slog.Attr) slog.Handler { return s }

func (s signals) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn {
		select {
		case s.warned <- struct{}{}:
		default:
		}
	}
	return nil
}

// Too many open files must delay peers, not turn them away for good.
func TestAcceptOutlivesErrors(t *testing.T) {
	warned := make(chan struct{}, 1)
	b := newBox(t, func(b *box) { b.Logger = slog.New(signals{slog.DiscardHandler, warned}) })
	c := newClient(t, b, "alice")
	relayed := c.allocate(t)
	c.permit(t, loopback)

	// The peer's descriptor is there before the limit is.
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	var usual unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &usual))
	low := usual
	low.Cur = 3
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &low))
	err = unix.Connect(fd, &unix.SockaddrInet4{Addr: relayed.Addr().As4(), Port: int(relayed.Port())})
	<-warned
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &usual))
	require.NoError(t, err)
	c.attempt(t)
}
