// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// TestSnapshotWhileChanging changes the store between the values: those that stay
// are yielded once, and none that is not there any more.
func TestSnapshotWhileChanging(t *testing.T) {
	const keys = 300
	type place struct {
		key wire.ID
		id  uint64
	}
	s, _ := newStore()
	now := start()
	staying := make(map[place]int)
	var passing []place
	for i := range keys {
		for id := range uint64(10) {
			p := place{numbered(i), id + 1}
			require.Equal(t, Stored, put(s, p.key, plain(t, p.id, "a"), now))
			if i%2 == 0 && id%3 == 0 {
				staying[p] = 0
			} else {
				passing = append(passing, p)
			}
		}
	}
	added := 0
	for piece := range s.Snapshot(now, 3, nil) {
		require.LessOrEqual(t, len(piece), 3)
		for _, kept := range piece {
			v, err := wire.ParseValue(kept.Packed)
			require.NoError(t, err)
			p := place{kept.Key, v.ID}
			require.NotNil(t, s.lookup(p.key, p.id), "it has gone before")
			if _, stays := staying[p]; stays {
				staying[p]++
			}
		}
		for range rand.N(10) {
			// Half of them under keys that there are, behind other ids.
			key, id := numbered(rand.N(2*keys)), uint64(rand.N(1000))+11
			if s.lookup(key, id) == nil && added < 10*keys {
				require.Equal(t, Stored, put(s, key, plain(t, id, "b"), now))
				passing = append(passing, place{key, id})
				added++
			}
		}
		for range min(rand.N(6), len(passing)) {
			last := len(passing) - 1
			i := rand.N(len(passing))
			gone := s.lookup(passing[i].key, passing[i].id)
			passing[i] = passing[last]
			passing = passing[:last]
			s.drop(gone)
		}
	}
	for p, times := range staying {
		require.Equal(t, 1, times, "value %d under %s", p.id, p.key)
	}
	require.NotZero(t, added)
	requireSound(t, s)
}

// TestSnapshotPieces has a caller stop, and a crowd that only listens or has left
// values behind that are over: that takes its time, too.
func TestSnapshotPieces(t *testing.T) {
	const keys = 1000
	for name, c := range map[string]struct {
		stock        func(s *Store, key wire.ID)
		later        time.Duration
		pieces, kept int
	}{
		"values":    {func(s *Store, key wire.ID) { put(s, key, plain(t, 1, "a"), start()) }, 0, 101, keys},
		"over":      {func(s *Store, key wire.ID) { put(s, key, plain(t, 1, "a"), start()) }, time.Hour, 101, 0},
		"listeners": {func(s *Store, key wire.ID) { s.Listen(key, Listener{Node: key}, start()) }, 0, 101, 0},
		"one key": {func(s *Store, key wire.ID) {
			put(s, wire.ID{1}, plain(t, uint64(key[0])<<8|uint64(key[1])+1, "a"), start())
		}, 0, 101, keys},
		"nothing yet": {func(*Store, wire.ID) {}, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStore()
			for i := range keys {
				c.stock(s, wire.ID{byte(i >> 8), byte(i), 1})
			}
			pieces, kept := 0, 0
			for piece := range s.Snapshot(start().Add(c.later), 10, nil) {
				pieces++
				kept += len(piece)
			}
			require.Equal(t, c.pieces, pieces)
			require.Equal(t, c.kept, kept)
			for range s.Snapshot(start(), 10, nil) {
				break // must not go on
			}
		})
	}
}
