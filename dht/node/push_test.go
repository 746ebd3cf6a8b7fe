// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/wire"
)

// listens starts to listen and returns the answer.
func (p *peer) listens(key wire.ID, socket uint32, q *wire.Query) *wire.Message {
	p.t.Helper()
	token := p.token()
	return p.ask(wire.AppendListen(nil, p.header(), key, token, socket, q))
}

func TestListen(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	writer, listener := newPeer(t, n.v4), newPeer(t, n.v4)
	key := randomID()
	first := value(1, 10)
	writer.put(key, first)

	confirmed := listener.listens(key, 77, &wire.Query{})
	require.Equal(t, wire.KindReply, confirmed.Kind)
	require.Len(t, confirmed.Token, wire.TokenSize)
	push := listener.awaitKind(wire.KindUpdate)
	require.EqualValues(t, 77, push.Socket)
	require.Equal(t, 1, push.Version)
	require.Equal(t, key, push.Key)
	require.Len(t, push.Token, wire.TokenSize)
	require.Equal(t, [][]byte{first}, listener.values(push))

	// A repeat with the token of a push is confirmed, but pushes nothing again.
	require.Equal(t, wire.KindReply,
		listener.ask(wire.AppendListen(nil, listener.header(), key, push.Token, 77, &wire.Query{})).Kind)
	listener.quiet()

	large := value(2, 40_000)
	writer.put(key, large)
	require.Equal(t, [][]byte{large}, listener.values(listener.awaitKind(wire.KindUpdate)))

	token := writer.token()
	writer.ask(wire.AppendRefresh(nil, writer.header(), key, token, 1))
	note := listener.awaitKind(wire.KindUpdate)
	require.Equal(t, []uint64{1}, slices.Collect(note.Refreshed.All()))
	require.EqualValues(t, 77, note.Socket)
	require.EqualValues(t, 3, n.Stats().Pushes)
	require.Equal(t, 1, n.Stats().Storage.Listeners)
}

func TestListenQuery(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	writer, listener := newPeer(t, n.v4), newPeer(t, n.v6)
	key := randomID()
	writer.put(key, value(1, 10))
	listener.listens(key, 5, &wire.Query{Where: wire.FieldID, Match: wire.Row{ID: 2}})
	listener.quiet()
	second := value(2, 10)
	writer.put(key, value(3, 10))
	writer.put(key, second)
	require.Equal(t, [][]byte{second}, listener.values(listener.awaitKind(wire.KindUpdate)))
}

func TestListenToMany(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	writer, listener := newPeer(t, n.v4), newPeer(t, n.v4)
	key := randomID()
	for id := range uint64(4) {
		writer.put(key, value(id+1, 30_000))
	}
	listener.listens(key, 5, &wire.Query{})
	var sizes []int
	for got := 0; got < 4; {
		values := listener.values(listener.awaitKind(wire.KindUpdate))
		sizes = append(sizes, len(values))
		got += len(values)
	}
	require.Equal(t, []int{1, 1, 1, 1}, sizes, "two of them are more than one message should have")
}

// TestListenVersion0 listens as releases did that know no version.
func TestListenVersion0(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	writer, listener := newPeer(t, n.v4), newPeer(t, n.v4)
	key := randomID()
	first, large := value(1, 10), value(2, 5000)
	writer.put(key, first)
	const socket = 4711
	token := listener.token()
	listener.ask(listenWithoutVersion(listener.header(), key, token, socket))
	pushed := func(m *wire.Message) bool { return m.Transaction == socket && m.Kind != wire.KindPart }

	require.Equal(t, [][]byte{first}, listener.values(listener.await(pushed)))
	writer.put(key, large)
	require.Equal(t, [][]byte{large}, listener.values(listener.await(pushed)))
	token = writer.token()
	writer.ask(wire.AppendRefresh(nil, writer.header(), key, token, 2))
	note := listener.await(pushed)
	require.Equal(t, wire.KindNote, note.Kind)
	require.Equal(t, []uint64{2}, slices.Collect(note.Refreshed.All()))
}

func listenWithoutVersion(h wire.Header, key wire.ID, token []byte, socket uint32) []byte {
	b := msgp.AppendMapHeader(nil, 3)
	b = msgp.AppendString(b, "q")
	b = msgp.AppendString(b, "listen")
	b = msgp.AppendString(b, "t")
	b = msgp.AppendUint32(b, h.Transaction)
	b = msgp.AppendString(b, "a")
	b = msgp.AppendMapHeader(b, 4)
	b = msgp.AppendString(b, "id")
	b = msgp.AppendBytes(b, h.Sender[:])
	b = msgp.AppendString(b, "h")
	b = msgp.AppendBytes(b, key[:])
	b = msgp.AppendString(b, "token")
	b = msgp.AppendBytes(b, token)
	b = msgp.AppendString(b, "sid")
	return msgp.AppendUint32(b, socket)
}
