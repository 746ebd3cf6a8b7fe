// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// asker asks one node, and is no node that others are told of.
type asker struct {
	t    *testing.T
	conn *net.UDPConn
	node netip.AddrPort
	last wire.Header
}

func newAsker(t *testing.T, node netip.AddrPort) *asker {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(anyLoopback(), 0)))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return &asker{t: t, conn: conn, node: node, last: wire.Header{Sender: wire.HashOf([]byte(t.Name())), Client: true}}
}

func (a *asker) header() wire.Header {
	a.last.Transaction++
	return a.last
}

func (a *asker) ask(request []byte) *wire.Message {
	a.t.Helper()
	_, err := a.conn.WriteToUDPAddrPort(request, a.node)
	require.NoError(a.t, err)
	require.NoError(a.t, a.conn.SetReadDeadline(time.Now().Add(patience)))
	for {
		b := make([]byte, wire.MaxDatagram)
		n, _, err := a.conn.ReadFromUDPAddrPort(b)
		require.NoError(a.t, err)
		m := new(wire.Message)
		require.NoError(a.t, m.Decode(b[:n]))
		if m.Kind == wire.KindReply && m.Transaction == a.last.Transaction {
			return m
		}
	}
}

// put stores a value at the node alone.
func (a *asker) put(key wire.ID, packed []byte) {
	a.t.Helper()
	token := a.ask(wire.AppendFind(nil, a.header(), key)).Token
	a.ask(wire.AppendPut(nil, a.header(), key, token, 0, [][]byte{packed}))
}

// What only another node holds is found and heard of.
func TestElsewhere(t *testing.T) {
	other := runNode(t)
	r := run(t, testLimits(), other.udp.String())
	meets(t, r, other)
	writer := newAsker(t, other.udp)
	writer.put(keyOf(key), plain(1, "before"))
	require.Equal(t, []line{{ID: "1", Data: []byte("before")}}, r.get(t, key))
	l := r.listen(t, http.MethodGet, "/key/"+key+"/listen", "")
	require.Equal(t, line{ID: "1", Data: []byte("before")}, l.next())
	for id := uint64(2); id < 5; id++ {
		writer.put(keyOf(key), plain(id, "after"))
		require.Equal(t, line{ID: strconv.FormatUint(id, 10), Data: []byte("after")}, l.next())
	}
	require.Zero(t, r.node.Stats().Storage.Values, "nothing came to the node itself")
}
