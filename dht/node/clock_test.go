// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// decode returns the messages that wait in the outbox, and empties it.
func decode(t *testing.T, s *server) (messages []*wire.Message) {
	t.Helper()
	for _, datagram := range s.out.take() {
		m := new(wire.Message)
		require.NoError(t, m.Decode(datagram))
		messages = append(messages, m)
	}
	return messages
}

// TestSilentNode has a node that was known say nothing any more.
func TestSilentNode(t *testing.T) {
	s, _ := handling(t)
	silent := wire.Node{ID: randomID(), Addr: netip.MustParseAddrPort("192.0.2.1:4222")}
	s.tables[0].Answered(silent.ID, silent.Addr, false, s.now)
	began := s.now
	listed := func() bool { return len(s.tables[0].Closest(nil, silent.ID, 1, s.now)) == 1 }
	asked := 0
	for s.now.Sub(began) < 2*time.Minute && listed() {
		s.now = s.now.Add(100 * time.Millisecond)
		s.maintain()
		s.repeat()
		asked += len(decode(t, s))
	}
	require.GreaterOrEqual(t, asked, maxTries)
	require.False(t, listed())
	require.Equal(t, 1, s.tables[0].Counts(s.now).Expired)
	require.Less(t, s.now.Sub(began), 105*time.Second)

	s.handle(wire.AppendPing(nil, wire.Header{Transaction: 1, Sender: silent.ID}), silent.Addr)
	messages := decode(t, s)
	require.Len(t, messages, 2, "it is answered, and pinged at once")
	h := wire.Header{Transaction: messages[0].Transaction, Sender: silent.ID}
	s.handle(wire.AppendAnswer(nil, h, &wire.Answer{Seen: silent.Addr.Addr()}), silent.Addr)
	require.True(t, listed())
}

func TestBucketsAreKept(t *testing.T) {
	s, _ := handling(t)
	s.tables[0].Answered(randomID(), netip.MustParseAddrPort("192.0.2.1:4222"), false, s.now)
	finds := 0
	for range 300 {
		s.now = s.now.Add(100 * time.Millisecond)
		s.maintain()
		for _, m := range decode(t, s) {
			if m.Kind == wire.KindFind {
				finds++
			}
		}
	}
	require.Positive(t, finds)
	require.Less(t, finds, 10)
}

// TestExpiredValuesAreTold lets values expire that somebody listens to.
func TestExpiredValuesAreTold(t *testing.T) {
	s, _ := handling(t)
	from, key := netip.MustParseAddrPort("192.0.2.1:4222"), randomID()
	h := wire.Header{Transaction: 1, Sender: randomID()}
	for id := range uint64(3) {
		s.put(&put{from: from, key: key}, value(id+1, 10))
	}
	s.now = s.now.Add(5 * time.Minute)
	token := s.tokens.Token(from, s.now)
	s.handle(wire.AppendListen(nil, h, key, token[:], 7, &wire.Query{}), from)
	s.out.take()
	s.now = s.now.Add(5*time.Minute + time.Second)
	s.store.Expire(s.now)
	pushed := decode(t, s)
	require.Len(t, pushed, 1)
	require.Equal(t, wire.KindUpdate, pushed[0].Kind)
	require.EqualValues(t, 7, pushed[0].Socket)
	require.Len(t, pushed[0].Token, wire.TokenSize)
	ids := slices.Sorted(pushed[0].Expired.All())
	require.Equal(t, []uint64{1, 2, 3}, ids)
}
