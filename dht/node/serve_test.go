// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/wire"
)

func TestPing(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	for name, node := range map[string]netip.AddrPort{"ipv4": n.v4, "ipv6": n.v6} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, node)
			pong := p.ask(wire.AppendPing(nil, p.header()))
			require.Equal(t, wire.KindReply, pong.Kind)
			require.Equal(t, n.Stats().ID, pong.Sender)
			require.Equal(t, p.addr.Addr(), pong.Seen)
			require.Zero(t, pong.Network)
			require.False(t, pong.Client)
		})
	}
	t.Run("transaction in four bytes", func(t *testing.T) {
		p := newPeer(t, n.v4)
		b := msgp.AppendMapHeader(nil, 3)
		b = msgp.AppendString(b, "t")
		b = msgp.AppendBytes(b, []byte{1, 2, 3, 4})
		b = msgp.AppendString(b, "q")
		b = msgp.AppendString(b, "ping")
		b = msgp.AppendString(b, "a")
		b = msgp.AppendMapHeader(b, 1)
		b = msgp.AppendString(b, "id")
		b = msgp.AppendBytes(b, p.id[:])
		p.last = 0x01020304
		require.Equal(t, wire.KindReply, p.ask(b).Kind)
	})
}

func TestSilence(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	own := n.Stats().ID
	ping := func(h wire.Header) []byte { return wire.AppendPing(nil, h) }
	for name, c := range map[string]struct {
		datagram []byte
		reason   reason
	}{
		"empty":            {nil, reasonNotMap},
		"garbage":          {[]byte("garbage"), reasonNotMap},
		"cut short":        {ping(wire.Header{Transaction: 1, Sender: randomID()})[:20], reasonMalformed},
		"own id":           {ping(wire.Header{Transaction: 1, Sender: own}), reasonOwnID},
		"no id":            {ping(wire.Header{Transaction: 1}), reasonNoSender},
		"other network":    {ping(wire.Header{Transaction: 1, Sender: randomID(), Network: 7}), reasonNetwork},
		"unasked reply":    {wire.AppendAnswer(nil, wire.Header{Transaction: 1, Sender: randomID()}, &wire.Answer{}), reasonUnasked},
		"unasked error":    {wire.AppendError(nil, wire.Header{Transaction: 1, Sender: randomID()}, 401, ""), reasonUnasked},
		"note":             {wire.AppendExpiredNote(nil, wire.Header{Transaction: 1, Sender: randomID()}, nil, nil), reasonUnasked},
		"part of nothing":  {onePart(1, 0, []byte("data")), reasonUnasked},
		"unknown method":   {[]byte("\x82\xa1q\xa4pung\xa1a\x80"), reasonUnknownKind},
		"request, no args": {[]byte("\x82\xa1q\xa4ping\xa1t\x01"), reasonNoBody},
		"nested deep":      {deep(100), reasonTooDeep},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, n.v4, deaf)
			before := n.Stats().Rejected[c.reason.String()]
			p.send(c.datagram)
			p.quiet()
			require.Equal(t, before+1, n.Stats().Rejected[c.reason.String()])
		})
	}
}

// onePart returns the datagram of a part of value 0.
func onePart(transaction uint32, offset int, data []byte) []byte {
	b := msgp.AppendMapHeader(nil, 3)
	b = msgp.AppendString(b, "y")
	b = msgp.AppendString(b, "p")
	b = msgp.AppendString(b, "t")
	b = msgp.AppendUint32(b, transaction)
	b = msgp.AppendString(b, "p")
	b = msgp.AppendMapHeader(b, 1)
	b = msgp.AppendUint(b, 0)
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendString(b, "o")
	b = msgp.AppendInt(b, offset)
	b = msgp.AppendString(b, "d")
	return msgp.AppendBytes(b, data)
}

func deep(levels int) []byte {
	b := msgp.AppendMapHeader(nil, 1)
	b = msgp.AppendString(b, "x")
	for range levels {
		b = msgp.AppendArrayHeader(b, 1)
	}
	return msgp.AppendNil(b)
}

func TestNewcomerIsListedAtOnce(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	asker := newPeer(t, n.v4, client)
	for range 5 {
		start := time.Now()
		newcomer := newPeer(t, n.v4)
		newcomer.send(wire.AppendPing(nil, newcomer.header()))
		require.Eventually(t, func() bool { return asker.lists(newcomer) }, patience, time.Millisecond)
		took := time.Since(start)
		t.Logf("listed after %s", took)
		require.Less(t, took, 500*time.Millisecond, "100 ms on a machine with nothing else to do")
	}
}

// lists reports whether the node lists the other peer among those close to it.
func (p *peer) lists(other *peer) bool {
	p.t.Helper()
	for node := range p.ask(wire.AppendFind(nil, p.header(), other.id)).Nodes.All() {
		if node == (wire.Node{ID: other.id, Addr: other.addr}) {
			return true
		}
	}
	return false
}

func TestListed(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	asker := newPeer(t, n.v4, client)
	for name, c := range map[string]struct {
		options []option
		listed  bool
	}{
		"node":        {nil, true},
		"client node": {[]option{client}, false},
		"deaf node":   {[]option{deaf}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, n.v4, c.options...)
			require.Equal(t, wire.KindReply, p.ask(wire.AppendPing(nil, p.header())).Kind)
			if c.listed {
				require.Eventually(t, func() bool { return asker.lists(p) }, patience, time.Millisecond)
				return
			}
			for range 20 {
				require.False(t, asker.lists(p))
			}
		})
	}
}

func TestFindFamilies(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	v4, v6 := newPeer(t, n.v4), newPeer(t, n.v6)
	for _, p := range []*peer{v4, v6} {
		asker := newPeer(t, p.node, client)
		p.ask(wire.AppendPing(nil, p.header()))
		require.Eventually(t, func() bool { return asker.lists(p) }, patience, time.Millisecond)
	}
	for name, c := range map[string]struct {
		asker    *peer
		families []uint16 // nil: no w
		want     []*peer
	}{
		"ipv4 asks without w":  {v4, nil, []*peer{v4}},
		"ipv6 asks without w":  {v6, nil, []*peer{v6}},
		"both":                 {v4, []uint16{2, 10}, []*peer{v4, v6}},
		"ipv6 as on windows":   {v4, []uint16{23}, []*peer{v6}},
		"ipv6 as on apple":     {v4, []uint16{30}, []*peer{v6}},
		"ipv6 as on freebsd":   {v4, []uint16{28}, []*peer{v6}},
		"ipv4 asked over ipv6": {v6, []uint16{2}, []*peer{v4}},
		"nothing known":        {v4, []uint16{99}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := c.asker.header()
			b := msgp.AppendMapHeader(nil, 3)
			b = msgp.AppendString(b, "q")
			b = msgp.AppendString(b, "find")
			b = msgp.AppendString(b, "t")
			b = msgp.AppendUint32(b, h.Transaction)
			b = msgp.AppendString(b, "a")
			size := uint32(2)
			if c.families != nil {
				size++
			}
			b = msgp.AppendMapHeader(b, size)
			b = msgp.AppendString(b, "id")
			b = msgp.AppendBytes(b, h.Sender[:])
			b = msgp.AppendString(b, "target")
			b = msgp.AppendBytes(b, make([]byte, 20))
			if c.families != nil {
				b = msgp.AppendString(b, "w")
				b = msgp.AppendArrayHeader(b, uint32(len(c.families)))
				for _, family := range c.families {
					b = msgp.AppendUint16(b, family)
				}
			}
			m := c.asker.ask(b)
			require.Len(t, m.Token, wire.TokenSize)
			var want, got []wire.Node
			for _, p := range c.want {
				want = append(want, wire.Node{ID: p.id, Addr: p.addr})
			}
			for node := range m.Nodes.All() {
				got = append(got, node)
			}
			require.Equal(t, want, got)
		})
	}
}
