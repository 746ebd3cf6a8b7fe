// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"jamibox/dht/wire"
)

// TestUnreachable has reads tell of datagrams that went to closed ports, as those
// of Windows do unless told not to.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	var optionErr error
	require.NoError(t, n.running().sockets[0].raw.Control(func(fd uintptr) {
		optionErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	}))
	require.NoError(t, optionErr)
	for range 10 {
		n.Told(wire.Node{ID: randomID(), Addr: netip.AddrPortFrom(n.v4.Addr(), freePort(t))})
	}
	// Several may be told as one, or to who sends.
	require.Eventually(t, func() bool { return n.Stats().ReadErrors > 0 }, patience, 10*time.Millisecond)
	newPeer(t, n.v4).token()
}
