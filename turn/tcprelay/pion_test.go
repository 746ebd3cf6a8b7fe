// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"io"
	"net"
	"testing"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v3"
	"github.com/stretchr/testify/require"
)

// newPionClient returns pion's own client as alice.
func newPionClient(t *testing.T, b *box) *pion.Client {
	t.Helper()
	quiet := logging.NewDefaultLoggerFactory()
	quiet.Writer = io.Discard
	client, err := pion.NewClient(&pion.ClientConfig{
		// Never dialled: the connection is given.
		TURNServerAddr: "127.0.0.1:3478",
		STUNServerAddr: "127.0.0.1:3478",
		Username:       "alice",
		Password:       "secret of alice",
		Conn:           pion.NewSTUNConn(b.dial(t)),
		LoggerFactory:  quiet,
	})
	require.NoError(t, err)
	require.NoError(t, client.Listen())
	t.Cleanup(client.Close)
	return client
}

func TestPionAccept(t *testing.T) {
	b := newBox(t)
	client := newPionClient(t, b)
	allocation, err := client.AllocateTCP()
	require.NoError(t, err)
	relayed := b.Ledger.Live()[0].Relayed
	require.Equal(t, relayed.String(), allocation.Addr().String())
	require.NoError(t, client.CreatePermission(net.TCPAddrFromAddrPort(somePeer)))
	conn := dialPeer(t, relayed)
	data, err := allocation.AcceptTCPWithConn(b.dial(t))
	require.NoError(t, err)
	defer data.Close()
	require.Equal(t, conn.LocalAddr().String(), data.RemoteAddr().String())
	requireEcho(t, data, conn)
	require.NoError(t, allocation.Close())
	requireEnded(t, conn)
}

func TestPionConnect(t *testing.T) {
	b := newBox(t)
	allocation, err := newPionClient(t, b).AllocateTCP()
	require.NoError(t, err)
	defer allocation.Close()
	l, at := listening(t)
	data, err := allocation.DialWithConn(b.dial(t), "tcp", at.String())
	require.NoError(t, err)
	defer data.Close()
	conn := acceptOne(t, l)
	require.Equal(t, allocation.Addr().String(), conn.RemoteAddr().String())
	requireEcho(t, data, conn)
}
