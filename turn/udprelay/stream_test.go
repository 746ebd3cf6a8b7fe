// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// tcpStream is a Stream over a TCP connection.
type tcpStream struct{ net.Conn }

func (s tcpStream) Next(p []byte) (int, error) {
	if _, err := io.ReadFull(s.Conn, p[:4]); err != nil {
		return 0, err
	}
	size, err := message.FrameSize([4]byte(p))
	if err != nil {
		return 0, err
	}
	_, err = io.ReadFull(s.Conn, p[4:size])
	return size, err
}

func (s tcpStream) Client() netip.AddrPort { return netip.MustParseAddrPort(s.RemoteAddr().String()) }
func (s tcpStream) Server() netip.AddrPort { return netip.MustParseAddrPort(s.LocalAddr().String()) }
func (s tcpStream) Over() ledger.Transport { return ledger.OverTCP }

// dialStream returns a client over a TCP connection of its own, which the relay
// serves.
func (r *rig) dialStream(t testing.TB, username string) *client {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	conn, err := net.Dial("tcp4", listener.Addr().String())
	require.NoError(t, err)
	var accepted net.Conn
	for accepted == nil || accepted.RemoteAddr().String() != conn.LocalAddr().String() {
		// Not a connection that another program meant for the port's last owner.
		accepted, err = listener.Accept()
		require.NoError(t, err)
	}
	require.NoError(t, listener.Close())

	ended := make(chan error, 1)
	go func() { ended <- r.ServeStream(tcpStream{accepted}) }()
	t.Cleanup(func() {
		_ = conn.Close()
		select {
		case err := <-ended:
			// Closing with something unread resets the connection.
			const wsaConnReset = syscall.Errno(10054) // on Windows
			if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, wsaConnReset) {
				require.NoError(t, err)
			}
		case <-time.After(patience):
			require.Fail(t, "ServeStream does not return")
		}
	})
	buffer := make([]byte, message.MaxFrame)
	next := func() []byte {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		n, err := tcpStream{conn}.Next(buffer)
		require.NoError(t, err)
		return buffer[:n]
	}
	return &client{t: t, conn: conn, next: next, username: username, key: keyOf(username)}
}
