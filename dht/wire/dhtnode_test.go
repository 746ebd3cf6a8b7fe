// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// peer talks to a real node from one socket.
type peer struct {
	t    *testing.T
	conn *net.UDPConn
	id   ID
	last uint32 // transaction id
	buf  []byte
}

// startNode runs dhtnode on a free port until the test ends.
func startNode(t *testing.T) netip.AddrPort {
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
	probe, err := net.ListenUDP("udp", nil)
	require.NoError(t, err)
	port := probe.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	require.NoError(t, probe.Close())
	node := exec.Command("dhtnode", "-s", "-p", strconv.Itoa(int(port)))
	require.NoError(t, node.Start())
	t.Cleanup(func() {
		node.Process.Kill()
		node.Wait()
	})
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
}

func dial(t *testing.T, node netip.AddrPort) *peer {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(node))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	p := &peer{t: t, conn: conn, buf: make([]byte, MaxDatagram)}
	rand.Read(p.id[:])
	return p
}

func (p *peer) header() Header {
	p.last++
	return Header{Transaction: p.last, Sender: p.id, Client: true}
}

// receive returns the next datagram, decoded, that the filter accepts. Updates
// are confirmed, as a listener must.
func (p *peer) receive(accept func(m *Message) bool) *Message {
	p.t.Helper()
	require.NoError(p.t, p.conn.SetReadDeadline(time.Now().Add(5*time.Second)))
	for {
		n, err := p.conn.Read(p.buf)
		require.NoError(p.t, err)
		m := new(Message)
		require.NoError(p.t, m.Decode(bytes.Clone(p.buf[:n])))
		if m.Kind == KindUpdate {
			p.send(AppendAnswer(nil, Header{Transaction: m.Transaction, Sender: p.id}, &Answer{
				Seen: netip.MustParseAddr("127.0.0.1"),
			}))
		}
		if accept(m) {
			return m
		}
	}
}

func (p *peer) send(datagram []byte) {
	p.t.Helper()
	_, err := p.conn.Write(datagram)
	require.NoError(p.t, err)
}

// ask returns the answer to the request that was made with the last header.
func (p *peer) ask(request []byte) *Message {
	p.t.Helper()
	p.send(request)
	return p.receive(func(m *Message) bool {
		return m.Transaction == p.last && (m.Kind == KindReply || m.Kind == KindError)
	})
}

// put stores values, in parts if need be.
func (p *peer) put(key ID, token []byte, values ...[]byte) *Message {
	p.t.Helper()
	h := p.header()
	p.send(AppendPut(nil, h, key, token, 0, values))
	if InParts(values) {
		for part := range Parts(nil, h, values) {
			p.send(part)
		}
	}
	return p.receive(func(m *Message) bool { return m.Transaction == h.Transaction && m.Kind != KindPart })
}

// get returns the packed values under key.
func (p *peer) get(key ID) (values [][]byte) {
	p.t.Helper()
	reply := p.ask(AppendGet(nil, p.header(), key, &Query{}))
	require.Equal(p.t, KindReply, reply.Kind)
	for i, element := range reply.Values.All() {
		packed := bytes.Clone(element.Packed)
		for len(packed) < element.Length {
			m := p.receive(func(m *Message) bool { return m.Kind == KindPart && m.Transaction == p.last })
			for part := range m.Parts.All() {
				require.Equal(p.t, i, part.Index)
				require.Len(p.t, packed, part.Offset)
				packed = append(packed, part.Data...)
			}
		}
		values = append(values, packed)
	}
	return values
}

// awake waits until the node answers, and returns a token.
func (p *peer) awake() []byte {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		if _, err := p.conn.Write(AppendPing(nil, p.header())); err != nil {
			return false // nobody listens yet
		}
		if p.conn.SetReadDeadline(time.Now().Add(100*time.Millisecond)) != nil {
			return false
		}
		n, err := p.conn.Read(p.buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return false
		}
		var m Message
		return err == nil && m.Decode(p.buf[:n]) == nil && m.Kind == KindReply && !m.Sender.IsZero()
	}, 10*time.Second, 20*time.Millisecond)
	found := p.ask(AppendFind(nil, p.header(), p.id))
	require.Equal(p.t, KindReply, found.Kind)
	require.Len(p.t, found.Token, TokenSize)
	return found.Token
}

func randomKey() (key ID) {
	rand.Read(key[:])
	return key
}

// TestRealNode proves that OpenDHT understands what is encoded here, and that
// what it answers is understood.
func TestRealNode(t *testing.T) {
	addr := startNode(t)
	p := dial(t, addr)
	token := p.awake()
	small := (&Value{ID: 7, Data: []byte("small"), UserType: []byte("text/plain"), Priority: 1}).Append(nil)

	t.Run("address over IPv4 and IPv6", func(t *testing.T) {
		require.Equal(t, "127.0.0.1", p.ask(AppendPing(nil, p.header())).Seen.String())
		six := dial(t, netip.AddrPortFrom(netip.IPv6Loopback(), addr.Port()))
		require.Equal(t, "::1", six.ask(AppendPing(nil, six.header())).Seen.String())
	})

	t.Run("put, get and refresh", func(t *testing.T) {
		key := randomKey()
		require.Empty(t, p.get(key))
		stored := p.put(key, token, small)
		require.Equal(t, KindReply, stored.Kind)
		require.EqualValues(t, 7, stored.ValueID)
		require.Equal(t, [][]byte{small}, p.get(key))
		refreshed := p.ask(AppendRefresh(nil, p.header(), key, token, 7))
		require.Equal(t, KindReply, refreshed.Kind)
		require.EqualValues(t, 7, refreshed.ValueID)
	})

	t.Run("values in parts", func(t *testing.T) {
		key := randomKey()
		large := (&Value{ID: 8, Data: bytes.Repeat([]byte("large"), 4000)}).Append(nil)
		require.EqualValues(t, 8, p.put(key, token, large).ValueID)
		require.Equal(t, [][]byte{large}, p.get(key))
	})

	t.Run("queries", func(t *testing.T) {
		key := randomKey()
		p.put(key, token, small)
		query := func(q Query) *Message { return p.ask(AppendGet(nil, p.header(), key, &q)) }
		want := Row{ID: 7, UserType: []byte("text/plain")}
		rows := query(Query{Select: allFields}).Rows
		require.Equal(t, []Row{want}, slices.Collect(rows.All()))
		require.Equal(t, allFields, rows.Fields)
		require.Equal(t, []Row{{ID: 7}}, slices.Collect(query(Query{Select: FieldID | FieldSeq}).Rows.All()))
		for name, c := range map[string]struct {
			query Query
			found int
		}{
			"all conditions":  {Query{Where: FieldID | FieldType | FieldUserType, Match: want}, 1},
			"other id":        {Query{Where: FieldID, Match: Row{ID: 6}}, 0},
			"other type":      {Query{Where: FieldType, Match: Row{Type: 6}}, 0},
			"other owner":     {Query{Where: FieldOwner, Match: Row{Owner: key}}, 0},
			"other user type": {Query{Where: FieldUserType, Match: Row{UserType: []byte("x")}}, 0},
		} {
			require.Equal(t, c.found, query(c.query).Values.Len(), name)
		}
	})

	t.Run("listen", func(t *testing.T) {
		key := randomKey()
		const socket = 0x12345678
		require.Equal(t, KindReply, p.ask(AppendListen(nil, p.header(), key, token, socket, &Query{})).Kind)
		p.send(AppendPut(nil, p.header(), key, token, 0, [][]byte{small}))
		push := p.receive(func(m *Message) bool { return m.Kind == KindUpdate })
		require.EqualValues(t, socket, push.Socket)
		require.Equal(t, key, push.Key)
		require.Len(t, push.Token, TokenSize)
		for _, element := range push.Values.All() {
			require.Equal(t, small, element.Packed)
		}
		require.Equal(t, 1, push.Values.Len())

		p.send(AppendRefresh(nil, p.header(), key, push.Token, 7))
		push = p.receive(func(m *Message) bool { return m.Kind == KindUpdate })
		require.Equal(t, []uint64{7}, slices.Collect(push.Refreshed.All()))
	})

	t.Run("listen, version 0", func(t *testing.T) {
		key := randomKey()
		const socket = 0x12345679
		old := dial(t, addr)
		token := old.awake()
		request := AppendListen(nil, old.header(), key, token, socket, &Query{})
		require.Equal(t, KindReply, old.ask(bytes.Replace(request, []byte("\xa2ve"), []byte("\xa2vx"), 1)).Kind)
		old.send(AppendPut(nil, old.header(), key, token, 0, [][]byte{small}))
		push := old.receive(func(m *Message) bool { return m.Transaction == socket })
		require.Equal(t, KindReply, push.Kind)
		require.Equal(t, 1, push.Values.Len())
		old.send(AppendRefresh(nil, old.header(), key, token, 7))
		push = old.receive(func(m *Message) bool { return m.Transaction == socket })
		require.Equal(t, KindNote, push.Kind)
		require.Equal(t, []uint64{7}, slices.Collect(push.Refreshed.All()))
	})

	t.Run("signed values", func(t *testing.T) {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		key := randomKey()
		v := Value{ID: 9, Data: []byte("first"), Seq: 1}
		require.NoError(t, v.Sign(private))
		p.put(key, token, v.Append(nil))
		require.Equal(t, [][]byte{v.Append(nil)}, p.get(key))

		forged := v
		forged.Seq, forged.Data = 5, []byte("forged")
		p.put(key, token, forged.Append(nil))
		require.Equal(t, [][]byte{v.Append(nil)}, p.get(key), "the node checks signatures")

		v.Seq, v.Data = 2, []byte("second")
		require.NoError(t, v.Sign(private))
		p.put(key, token, v.Append(nil))
		require.Equal(t, [][]byte{v.Append(nil)}, p.get(key))
	})

	t.Run("service announcement", func(t *testing.T) {
		key := randomKey()
		v := Value{ID: 10, Type: TypeService, Data: ServiceData(netip.MustParseAddrPort("10.9.8.7:4000"))}
		p.put(key, token, v.Append(nil))
		v.Data = ServiceData(netip.MustParseAddrPort("127.0.0.1:4000"))
		require.Equal(t, [][]byte{v.Append(nil)}, p.get(key))
	})

	t.Run("refusals", func(t *testing.T) {
		refused := p.put(randomKey(), make([]byte, TokenSize), small)
		require.Equal(t, KindError, refused.Kind)
		require.Equal(t, CodeUnauthorized, refused.Refusal.Code)
		require.Equal(t, CodeIncomplete, p.ask(AppendGet(nil, p.header(), ID{}, &Query{})).Refusal.Code)
		require.Equal(t, CodeNotFound, p.ask(AppendRefresh(nil, p.header(), randomKey(), token, 1)).Refusal.Code)
	})
}
