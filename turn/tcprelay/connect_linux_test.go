// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// silent returns an address at which connections are neither accepted nor
// refused: that of a listener whose queue is full.
func silent(t testing.TB) netip.AddrPort {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: loopback.As4()}))
	require.NoError(t, unix.Listen(fd, 0))
	bound, err := unix.Getsockname(fd)
	require.NoError(t, err)
	at := netip.AddrPortFrom(loopback, uint16(bound.(*unix.SockaddrInet4).Port))
	filler, err := net.Dial("tcp", at.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = filler.Close() })
	return at
}

func TestConnectTimesOut(t *testing.T) {
	b := newBox(t, func(b *box) { b.limits.dial = 50 * time.Millisecond })
	c := newClient(t, b, "alice")
	c.allocate(t)
	requireCode(t, stun.CodeConnTimeoutOrFailure, c.do(t, stun.MethodConnect, message.PeerAddress(silent(t))))
}

// Dialling must not keep the control connection waiting, and ends with the
// allocation.
func TestConnectInProgress(t *testing.T) {
	b := newBox(t)
	c := newClient(t, b, "alice")
	c.allocate(t)
	at := message.PeerAddress(silent(t))
	c.send(t, c.sign(stun.MethodConnect, at))
	requireCode(t, stun.CodeConnAlreadyExists, c.do(t, stun.MethodConnect, at))
	require.Equal(t, 1, b.Ledger.Live()[0].Connections)
	requireSuccess(t, c, c.do(t, stun.MethodRefresh, seconds(0)))
	require.Zero(t, b.Ledger.Len())
	require.Equal(t, ledger.Released, b.Ledger.History()[0].Reason)
	c.allocate(t)
}
