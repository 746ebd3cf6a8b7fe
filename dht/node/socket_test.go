// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"errors"
	"log/slog"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

var errReset = errors.New("connection reset by peer")

// failing is a receiver whose reads go wrong so many times before each one that
// goes well; always if it has none.
type failing struct {
	source
	times, left int
}

func (f *failing) receive() (int, error) {
	if f.left > 0 || f.source == nil {
		f.left--
		return 0, errReset
	}
	f.left = f.times
	return f.source.receive()
}

// TestFailingReads has reads go wrong as often as is still borne, and for ever.
func TestFailingReads(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.IPv4, cfg.IPv6 = netip.AddrPortFrom(cfg.IPv4.Addr(), freePort(t)), netip.AddrPort{}
	sockets, err := listen(cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s := newServer(cfg, sockets, slog.New(slog.DiscardHandler))
	require.NoError(t, s.restore())
	ended := make(chan error, 1)
	go func() {
		ended <- s.readFrom(&failing{source: newReceiver(sockets[0]), times: maxReadErrors, left: maxReadErrors})
	}()
	p := newPeer(t, sockets[0].local)
	for range 10 {
		p.token()
	}
	require.NoError(t, s.close())
	require.NoError(t, <-ended)
	require.GreaterOrEqual(t, s.counts.readErrors, uint64(10*maxReadErrors))

	require.ErrorIs(t, s.readFrom(&failing{}), errReset)
}
