// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

// TestStockInTurns stores values and listeners while it goes through what is
// stored, and stops before the end.
func TestStockInTurns(t *testing.T) {
	const pieces = 5
	s, _ := handling(t)
	from := netip.MustParseAddrPort("192.0.2.1:4222")
	seen := make(map[wire.ID]int)
	add := func() {
		out := newOutbox(s)
		s.begin(out)
		defer s.end()
		for range stockPiece {
			key := randomID()
			s.put(&put{from: from, key: key}, value(1, 10))
			s.store.Listen(key, storage.Listener{Node: randomID(), Addr: from, Version: 1}, s.now)
			seen[key] = 0
		}
	}
	for range pieces {
		add()
	}
	there := maps.Clone(seen)
	passes := 0
	for piece := range s.stock(nil) {
		require.LessOrEqual(t, len(piece), stockPiece)
		for _, kept := range piece {
			seen[kept.Key]++
		}
		if passes++; passes <= pieces {
			add()
		}
	}
	for key, times := range seen {
		if _, was := there[key]; was {
			require.Equal(t, 1, times)
		}
		require.LessOrEqual(t, times, 1)
	}
	require.GreaterOrEqual(t, passes, pieces)
	for range s.stock(nil) {
		break
	}
	add() // the turn is free
}

// BenchmarkHold measures the longest that others wait for their turn while all
// stored values are gone through, the median of all times.
func BenchmarkHold(b *testing.B) {
	for _, values := range []int{100_000, 1_000_000} {
		s, _ := handling(b)
		s.store = storage.New(storage.Limits{Bytes: 1 << 30, ValuesPerKey: 1}, s, s.now)
		for i := range values {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 4222)
			s.put(&put{from: from, key: randomID()}, value(1, 128))
			s.out.letters, s.out.data = s.out.letters[:0], s.out.data[:0]
		}
		for name, through := range map[string]func(){
			"to save": func() { s.state() },
			"to give": func() {
				for range s.stock(nil) {
				}
			},
		} {
			b.Run(fmt.Sprintf("%s/%d values", name, values), func(b *testing.B) {
				var longest []time.Duration
				for b.Loop() {
					longest = append(longest, s.longestWait(through))
				}
				slices.Sort(longest)
				b.ReportMetric(float64(longest[len(longest)/2].Microseconds()), "µs-longest-wait")
			})
		}
	}
}

// longestWait returns the longest that a turn had to be waited for during f.
func (s *server) longestWait(f func()) (longest time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	for {
		select {
		case <-done:
			return longest
		default:
		}
		start := time.Now()
		s.begin(nil)
		s.end()
		longest = max(longest, time.Since(start))
	}
}
