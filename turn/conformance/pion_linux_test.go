// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v3"
	"github.com/stretchr/testify/require"
)

// runPion uses the relay with pion's client.
func runPion(t *testing.T, r relay) {
	t.Run("pion accepts", func(t *testing.T) {
		t.Parallel()
		c, client := dialPion(t, r, tcp)
		allocation, err := client.AllocateTCP()
		require.NoError(t, err)
		defer func() { require.NoError(t, allocation.Close()) }()
		require.NoError(t, client.CreatePermission(&net.TCPAddr{IP: net.ParseIP(peer4)}))
		peer, err := peerDials(t, peer4, addrOf(allocation.Addr()))
		require.NoError(t, err)
		require.NoError(t, allocation.SetDeadline(time.Now().Add(patience)))
		data, err := allocation.AcceptTCPWithConn(c.dial())
		require.NoError(t, err)
		require.Equal(t, peer.LocalAddr().String(), data.RemoteAddr().String())
		requireEcho(t, data, peer)
	})
	t.Run("pion connects", func(t *testing.T) {
		t.Parallel()
		c, client := dialPion(t, r, tcp)
		allocation, err := client.AllocateTCP()
		require.NoError(t, err)
		defer func() { require.NoError(t, allocation.Close()) }()
		listener := peerListens(t, peer4)
		data, err := allocation.DialWithConn(c.dial(), "tcp", listener.Addr().String())
		require.NoError(t, err)
		peer, err := listener.AcceptTCP()
		require.NoError(t, err)
		defer func() { _ = peer.Close() }()
		require.Equal(t, allocation.Addr().String(), peer.RemoteAddr().String())
		requireEcho(t, data, peer)
	})
	for _, over := range []transport{udp, tcp, secure} {
		t.Run("pion relays datagrams over "+over.String(), func(t *testing.T) {
			t.Parallel()
			_, client := dialPion(t, r, over)
			allocation, err := client.Allocate()
			require.NoError(t, err)
			defer func() { require.NoError(t, allocation.Close()) }()
			echo := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(peer4), echoPort))
			// The first go in indications, the later ones on a channel.
			for number := range 50 {
				sent := fmt.Sprint("to and fro ", number)
				_, err = allocation.WriteTo([]byte(sent), echo)
				require.NoError(t, err)
				require.NoError(t, allocation.SetReadDeadline(time.Now().Add(patience)))
				buffer := make([]byte, 100)
				n, from, err := allocation.ReadFrom(buffer)
				require.NoError(t, err, sent)
				require.Equal(t, sent, string(buffer[:n]))
				require.Equal(t, echo.String(), from.String())
			}
		})
	}
}

// dialPion connects pion's client. The other client it returns is of the same
// user and has the connection.
func dialPion(t *testing.T, r relay, over transport) (*client, *pion.Client) {
	t.Helper()
	c := r.client(t, over, server4)
	var conn net.PacketConn = pion.NewSTUNConn(c.conn)
	if over == udp {
		conn = connected{c.conn}
	}
	server := r.addr(over, server4).String()
	client, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: server, TURNServerAddr: server, Conn: conn,
		Username: c.username, Password: c.password,
		LoggerFactory: &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled},
	})
	require.NoError(t, err)
	require.NoError(t, client.Listen())
	t.Cleanup(client.Close)
	return c, client
}

// connected is a connected UDP socket as pion wants it.
type connected struct{ net.Conn }

func (c connected) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }

func (c connected) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	return n, c.RemoteAddr(), err
}

func requireEcho(t *testing.T, data net.Conn, peer *net.TCPConn) {
	t.Helper()
	deadline := time.Now().Add(patience)
	require.NoError(t, data.SetDeadline(deadline))
	require.NoError(t, peer.SetDeadline(deadline))
	up, down := pour(data, pattern(earlyData), keep), pour(peer, []byte("down"), keep)
	require.Equal(t, "all", fill(peer, pattern(earlyData)))
	require.Equal(t, "all", fill(data, []byte("down")))
	require.Equal(t, "sent", <-up)
	require.Equal(t, "sent", <-down)
}
