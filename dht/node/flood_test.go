// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	crand "crypto/rand"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// recorded returns datagrams of all kinds, from an endpoint with a good token.
func recorded(s *server, from netip.AddrPort) (datagrams [][]byte) {
	h := wire.Header{Transaction: 1, Sender: randomID()}
	token, key, all := s.tokens.Token(from, s.now), randomID(), &wire.Query{}
	large := [][]byte{value(2, 30_000)}
	datagrams = [][]byte{
		wire.AppendPing(nil, h),
		wire.AppendFind(nil, h, key),
		wire.AppendGet(nil, h, key, all),
		wire.AppendPut(nil, h, key, token[:], 0, [][]byte{value(1, 100)}),
		wire.AppendPut(nil, h, key, token[:], 0, large),
		wire.AppendListen(nil, h, key, token[:], 7, all),
		wire.AppendRefresh(nil, h, key, token[:], 1),
		wire.AppendAnswer(nil, h, &wire.Answer{Seen: from.Addr(), Token: token[:]}),
		wire.AppendError(nil, h, 401, "no"),
		wire.AppendUpdate(nil, h, 7, token[:], key, large),
	}
	for part := range wire.Parts(nil, h, large) {
		datagrams = append(datagrams, bytes.Clone(part))
	}
	return datagrams
}

// TestFlood floods a server, from the endpoint that has a token and from forged
// ones, for ten seconds of its time. It must keep little, and serve the others.
func TestFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a few seconds")
	}
	const (
		seconds   = 10
		perSecond = 10_000
		// bound is what the flood may make it keep besides what is stored.
		storageBound = 2 << 20
		bound        = 12 << 20
	)
	cfg := testConfig()
	cfg.Storage.Bytes = storageBound
	s := newServer(cfg, [2]*socket{}, nil)
	s.know(s.id)
	s.out = newOutbox(s)
	attacker, friend := netip.MustParseAddrPort("192.0.2.1:4222"), netip.MustParseAddrPort("192.0.2.2:4222")
	s.proven.add(friend.Addr(), netip.Addr{}, s.now)
	tape := recorded(s, attacker)
	before := heapInUse()
	began := s.now
	served := 0
	for i := range seconds * perSecond {
		s.now = began.Add(time.Duration(i) * time.Second / perSecond)
		from := attacker
		if rand.N(10) > 0 {
			from = netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(1 + rand.N(200)), byte(rand.N(256)), byte(rand.N(256)), byte(rand.N(256))}), uint16(1+rand.N(65535)))
		}
		s.handle(spoil(tape[rand.N(len(tape))]), from)
		if i%100 != 0 {
			continue
		}
		checkAll(s)
		s.repeat()
		s.maintain()
		for _, a := range s.messages.overdue(s.now) {
			s.lose(a)
		}
		s.store.Expire(s.now)
		s.out.take()
		s.handle(wire.AppendPing(nil, wire.Header{Transaction: 7, Sender: wire.ID{1}, Client: true}), friend)
		served += len(s.out.take())
	}
	require.Equal(t, seconds*perSecond/100, served, "the friend was always answered")
	accounted(t, s)
	grown := heapInUse() - before
	t.Logf("heap grew by %d KiB; %d keys, %d endpoints pinged, %d requests wait, %d bytes in parts", grown>>10,
		s.store.Stats().Keys, s.tables[0].Counts(s.now).Dubious, len(s.requests.byTransaction), s.messages.bytes)
	require.Less(t, grown, storageBound+bound)
	runtime.KeepAlive(s)
}

// spoil returns a datagram as it is, cut short, with wrong bytes or with another
// sender, or another one that is random.
func spoil(datagram []byte) []byte {
	b := bytes.Clone(datagram)
	switch rand.N(5) {
	case 0:
		return b[:rand.N(len(b))]
	case 1:
		for range 1 + rand.N(5) {
			b[rand.N(len(b))] = byte(rand.N(256))
		}
	case 2:
		crand.Read(b)
	case 3:
		var m wire.Message
		if m.Decode(b) == nil && !m.Sender.IsZero() {
			id := randomID()
			b = bytes.Replace(b, m.Sender[:], id[:], 1)
		}
	}
	return b
}

func heapInUse() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestCrowdLeaves has 100,000 peers come, store, listen, and go.
func TestCrowdLeaves(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a few seconds")
	}
	// What may stay behind: above all the empty tables of maps.
	const slack = 32 << 20
	peers := 100_000
	if slowed {
		peers /= 10
	}
	s, _ := handling(t)
	s.cfg.Routing.Nodes = peers / 25
	s.know(s.id)
	before := heapInUse()
	for i := range peers {
		s.now = s.now.Add(2 * time.Millisecond)
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 4222)
		h := wire.Header{Transaction: 1, Sender: randomID()}
		token, key := s.tokens.Token(from, s.now), randomID()
		s.handle(wire.AppendPut(nil, h, key, token[:], 0, [][]byte{value(1, 100)}), from)
		s.handle(wire.AppendListen(nil, h, key, token[:], 7, &wire.Query{}), from)
		for _, m := range decode(t, s) {
			if m.Kind == wire.KindPing || m.Kind == wire.KindUpdate {
				h.Transaction = m.Transaction
				s.handle(wire.AppendAnswer(nil, h, &wire.Answer{Seen: from.Addr()}), from)
			}
		}
		s.out.take()
	}
	counts := s.tables[0].Counts(s.now)
	t.Logf("%d good nodes, %d values, %d listeners, heap grew by %d KiB", counts.Good, s.store.Stats().Values,
		s.store.Stats().Listeners, (heapInUse()-before)>>10)
	require.Equal(t, s.cfg.Routing.Nodes, counts.Good)
	require.Equal(t, peers, s.store.Stats().Values)
	require.Equal(t, peers, s.store.Stats().Listeners)
	for left := s.now.Add(3 * time.Hour); s.now.Before(left); s.now = s.now.Add(5 * time.Second) {
		s.repeat()
		s.tablesDue = s.now
		s.maintain()
		s.store.Expire(s.now)
		s.out.letters, s.out.data = s.out.letters[:0], s.out.data[:0]
	}
	counts = s.tables[0].Counts(s.now)
	require.Zero(t, counts.Good+counts.Dubious+counts.Expired)
	require.Zero(t, s.store.Stats().Keys)
	require.Zero(t, s.store.Stats().Listeners)
	require.Empty(t, s.requests.byTransaction)
	require.Empty(t, s.requests.byEndpoint)
	left := heapInUse() - before
	t.Logf("heap is %d KiB larger than before", left>>10)
	require.Less(t, left, slack)
	runtime.KeepAlive(s)
}
