// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// told is what a listener is told.
type told struct {
	id      uint64
	data    string
	expired bool
}

// ear is one of a node's own listeners.
type ear struct {
	t    *testing.T
	told chan told
	// stop ends the listener and returns what Listen returned. It may be called
	// again.
	stop func() error
}

// hears listens until the test ends.
func (r *running) hears(t *testing.T, key wire.ID) *ear {
	t.Helper()
	e := &ear{t: t, told: make(chan told, 10_000)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- r.Listen(ctx, key, func(packed []byte, expired bool) {
			v, err := wire.ParseValue(packed)
			if err != nil {
				t.Errorf("told of what cannot be read: %v", err)
			}
			e.told <- told{v.ID, string(v.Data), expired}
		})
	}()
	e.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := e.stop(); err != nil {
			require.ErrorIs(t, err, ErrNotRunning)
		}
	})
	return e
}

func (e *ear) next() told {
	e.t.Helper()
	select {
	case next := <-e.told:
		return next
	case <-time.After(patience):
		require.FailNow(e.t, "the listener was told nothing")
		return told{}
	}
}

// text returns a packed value that can be read in the output of a test.
func text(id uint64, data string) []byte {
	v := wire.Value{ID: id, Data: []byte(data)}
	return v.Append(nil)
}

func TestListenNotRunning(t *testing.T) {
	t.Parallel()
	n := New(testConfig(), slog.New(slog.DiscardHandler))
	require.False(t, n.Running())
	require.ErrorIs(t, n.Listen(t.Context(), randomID(), nil), ErrNotRunning)
	require.ErrorIs(t, n.GetEach(t.Context(), randomID(), nil), ErrNotRunning)

	r := run(t, testConfig())
	require.True(t, r.Running())
	e := r.hears(t, randomID())
	require.Eventually(t, func() bool { return r.Stats().Listening == 1 }, patience, time.Millisecond)
	require.NoError(t, r.stop())
	require.ErrorIs(t, e.stop(), ErrNotRunning)
}

func TestListenAlone(t *testing.T) {
	t.Parallel()
	n, key := run(t, testConfig()), randomID()
	put := func(packed []byte) {
		t.Helper()
		_, err := n.Put(t.Context(), key, packed)
		require.NoError(t, err)
	}
	put(text(1, "before"))
	e := n.hears(t, key)
	require.Equal(t, told{1, "before", false}, e.next())
	put(text(1, "before"))
	put(text(2, "after"))
	require.Equal(t, told{2, "after", false}, e.next(), "what lives on is not told again")
	other := n.hears(t, key)
	require.ElementsMatch(t, []told{{1, "before", false}, {2, "after", false}}, []told{other.next(), other.next()})
	require.NoError(t, e.stop())
	put(text(3, "for one"))
	require.Equal(t, told{3, "for one", false}, other.next())
	require.Empty(t, e.told)
	require.NoError(t, other.stop())
	require.Zero(t, n.Stats().Listening)
	require.Zero(t, n.Stats().Storage.Listeners)
}

// TestListenNetwork listens where other nodes hold what is listened for.
func TestListenNetwork(t *testing.T) {
	t.Parallel()
	const size = 4
	nodes := []*running{run(t, testConfig())}
	for range size - 1 {
		cfg := testConfig()
		cfg.Bootstrap = []string{nodes[0].v4.String()}
		nodes = append(nodes, run(t, cfg))
	}
	for _, n := range nodes {
		require.Eventually(t, func() bool { return n.Stats().IPv4.Good == size-1 }, patience, 10*time.Millisecond)
	}
	key := randomID()
	_, err := nodes[0].Put(t.Context(), key, text(1, "before"))
	require.NoError(t, err)
	e := nodes[size-1].hears(t, key)
	require.Equal(t, told{1, "before", false}, e.next())
	large := value(2, 50_000)
	_, err = nodes[0].Put(t.Context(), key, large)
	require.NoError(t, err)
	require.Len(t, e.next().data, 50_000)
	for i := range 20 {
		_, err = nodes[i%size].Put(t.Context(), key, text(uint64(i+3), "more"))
		require.NoError(t, err)
		require.Equal(t, told{uint64(i + 3), "more", false}, e.next(), "once, although all nodes hold it")
	}
	require.Empty(t, e.told)
}

// listenedAt has the node's listener come to the peer, and returns the request.
func (p *peer) listenedAt(key wire.ID) *wire.Message {
	p.t.Helper()
	token := make([]byte, wire.TokenSize)
	for {
		m := p.await(func(m *wire.Message) bool { return m.Kind == wire.KindFind || m.Kind == wire.KindListen })
		h := wire.Header{Transaction: m.Transaction, Sender: p.id}
		p.send(wire.AppendAnswer(nil, h, &wire.Answer{Seen: p.node.Addr(), Token: token}))
		if m.Kind == wire.KindListen {
			require.Equal(p.t, key, m.Key)
			require.Equal(p.t, token, m.Token)
			require.Equal(p.t, 1, m.Version)
			require.True(p.t, m.Query.IsZero())
			return m
		}
	}
}

// TestListenPushes has other nodes push what they like to a listener.
func TestListenPushes(t *testing.T) {
	t.Parallel()
	n, key := run(t, testConfig()), randomID()
	p, stranger := newPeer(t, n.v4), newPeer(t, n.v4, client)
	p.ask(wire.AppendPing(nil, p.header()))
	require.Eventually(t, func() bool { return n.Stats().IPv4.Good == 1 }, patience, time.Millisecond)
	e := n.hears(t, key)
	socket := p.listenedAt(key).Socket
	token := make([]byte, wire.TokenSize)
	push := func(from *peer, socket uint32, key wire.ID, values ...[]byte) {
		t.Helper()
		h := from.header()
		from.send(wire.AppendUpdate(nil, h, socket, token, key, values))
		if wire.InParts(values) {
			for part := range wire.Parts(nil, h, values) {
				from.send(part)
			}
		}
		require.Equal(t, wire.KindReply, from.answered().Kind, "whoever pushes is answered")
	}
	push(stranger, socket, key, text(9, "not asked for"))
	push(p, socket+1, key, text(9, "to another socket"))
	push(p, socket, randomID(), text(9, "of another key"))
	push(p, socket, key, text(1, "one"), []byte{0x80}, text(2, "two"))
	require.Equal(t, told{1, "one", false}, e.next())
	require.Equal(t, told{2, "two", false}, e.next())
	push(p, socket, key, text(1, "one"), value(3, 40_000))
	require.Equal(t, uint64(3), e.next().id)

	p.ask(wire.AppendRefreshed(nil, p.header(), socket, token, []uint64{1, 2}))
	p.ask(wire.AppendExpired(nil, p.header(), socket, token, []uint64{7, 2}))
	require.Equal(t, told{2, "two", true}, e.next())

	require.NoError(t, e.stop())
	push(p, socket, key, text(4, "too late"))
	require.Empty(t, e.told)
}

// TestHear has a listener hear of the same value from several nodes.
func TestHear(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	s := n.running()
	a, b := netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("10.0.0.2:1")
	var got []told
	l := &listening{asked: make(map[netip.AddrPort]time.Time), values: make(map[uint64]*heard), tell: func(packed []byte, expired bool) {
		v, err := wire.ParseValue(packed)
		require.NoError(t, err)
		got = append(got, told{v.ID, string(v.Data), expired})
	}}
	takes := func() (all []told) {
		all, got = got, nil
		return all
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	signed := func(seq uint16, data string) []byte {
		v := wire.Value{ID: 5, Seq: seq, Data: []byte(data)}
		require.NoError(t, v.Sign(private))
		return v.Append(nil)
	}
	s.begin(nil)
	defer s.end()
	for _, from := range []netip.AddrPort{a, b, here} {
		s.hear(l, from, text(1, "one"))
	}
	require.Equal(t, []told{{1, "one", false}}, takes())
	s.miss(l, a, 1)
	s.miss(l, a, 1)
	s.miss(l, here, 1)
	require.Empty(t, takes())
	s.dismissed(l, b)
	require.Equal(t, []told{{1, "one", true}}, takes())
	require.Zero(t, s.heardBytes)

	s.hear(l, a, signed(2, "new"))
	s.hear(l, b, signed(1, "old"))
	require.Equal(t, []told{{5, "new", false}}, takes(), "a node that missed the change")
	s.hear(l, b, signed(3, "newer"))
	require.Equal(t, []told{{5, "newer", false}}, takes())
	s.missAll(l, a, map[uint64]bool{5: true})
	s.missAll(l, a, nil)
	require.Empty(t, takes())
	s.miss(l, b, 5)
	require.Equal(t, []told{{5, "newer", true}}, takes())
	require.Zero(t, s.heardBytes)

	for i := range maxHeard + 1 {
		s.hear(l, a, text(uint64(i), "many"))
	}
	require.Len(t, takes(), maxHeard)
	require.Equal(t, uint64(1), s.counts.unheard)
	s.heardBytes = maxHeardBytes
	l.values = make(map[uint64]*heard)
	s.hear(l, a, text(1, "too much"))
	s.hear(l, here, text(2, "costs nothing"))
	require.Equal(t, []told{{2, "costs nothing", false}}, takes())
}
