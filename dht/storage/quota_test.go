// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"jamibox/dht/wire"
)

// victim is what a put drove out.
type victim struct {
	source  netip.Addr
	cost    int64
	expires time.Duration
}

// TestQuotas checks for any sequence of puts that only as much as needed is
// evicted, from the address with the most, and there what expires first.
func TestQuotas(t *testing.T) {
	types := []uint16{wire.TypeUserData, wire.TypeICE, wire.TypeTrustRequest, wire.TypeMessage}
	rapid.Check(t, func(t *rapid.T) {
		limits := DefaultLimits()
		limits.Bytes = 5000
		s := New(limits, &recorder{}, start())
		now := start()
		for id := range uint64(rapid.IntRange(1, 60).Draw(t, "puts")) {
			now = now.Add(time.Second)
			for next := s.Expire(now); !next.IsZero() && !next.After(now); next = s.Expire(now) {
			}
			v := pack(t, wire.Value{
				ID: id + 1, Type: rapid.SampledFrom(types).Draw(t, "type"),
				Data: []byte(large(rapid.IntRange(0, 1500).Draw(t, "size"))),
			})
			from := remote(rapid.Byte().Draw(t, "from") % 4)
			key := wire.ID{rapid.Byte().Draw(t, "key") % 4}

			before := map[*record]victim{}
			for _, h := range s.shelves {
				for _, r := range h.values {
					before[r] = victim{r.source.addr, r.cost(), r.expires}
				}
			}
			had, evicted := s.sources.bytes, s.counts.evicted
			c := Check(&v)
			if !s.Put(key, &c, time.Time{}, from, now).Refused() {
				had += max(int64(len(v.Packed)), minCost)
			}
			requireSound(t, s)
			require.LessOrEqual(t, s.sources.bytes, limits.Bytes)
			for _, h := range s.shelves {
				for _, r := range h.values {
					delete(before, r)
				}
			}
			if s.lookup(key, v.ID) == nil {
				// The new value is among the victims.
				now := s.at(now)
				before[nil] = victim{from, max(int64(len(v.Packed)), minCost), now + Life(v.Type)}
			}
			require.EqualValues(t, len(before), s.counts.evicted-evicted)
			requireJust(t, s, before, had, limits.Bytes)
		}
	})
}

// requireJust checks the victims of one put.
func requireJust(t require.TestingT, s *Store, victims map[*record]victim, had, limit int64) {
	if len(victims) == 0 {
		return
	}
	largest := int64(0)
	for _, from := range s.sources.byAddr {
		largest = max(largest, from.bytes)
	}
	last := int64(0)
	for _, v := range victims {
		had -= v.cost
		last = max(last, v.cost)
		left := int64(0)
		if from := s.sources.byAddr[v.source]; from != nil {
			left = from.bytes
			require.LessOrEqual(t, v.expires, from.soonest(), "one that expires earlier was kept")
		}
		worst := int64(0)
		for _, w := range victims {
			if w.source == v.source {
				worst = max(worst, w.cost)
			}
		}
		require.GreaterOrEqual(t, left+worst, largest, "another address had more")
	}
	require.Equal(t, had, s.sources.bytes)
	require.Greater(t, had+last, limit, "more than needed")
}
