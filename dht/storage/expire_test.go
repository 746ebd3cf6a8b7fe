// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

func TestExpire(t *testing.T) {
	s, r := newStore()
	now := start()
	require.True(t, s.Expire(now).IsZero(), "nothing to expire")

	ice := pack(t, wire.Value{ID: 1, Type: wire.TypeICE})
	put(s, wire.ID{1}, ice, now)
	put(s, wire.ID{1}, plain(t, 2, "a"), now)
	put(s, wire.ID{2}, plain(t, 3, "a"), now.Add(time.Second))
	s.Listen(wire.ID{1}, Listener{Node: wire.ID{9}}, now.Add(5*time.Minute))

	require.Equal(t, now.Add(time.Minute), s.Expire(now))
	require.Equal(t, now.Add(time.Minute), s.Expire(now.Add(time.Minute-1)))
	require.Equal(t, now.Add(10*time.Minute), s.Expire(now.Add(time.Minute)))
	require.Equal(t, []string{"expired 1 to 9/0 at 1"}, r.take())

	require.Equal(t, now.Add(10*time.Minute+time.Second), s.Expire(now.Add(10*time.Minute)))
	require.Equal(t, []string{"expired 2 to 9/0 at 1"}, r.take())
	require.Equal(t, now.Add(15*time.Minute), s.Expire(now.Add(11*time.Minute)))
	require.Empty(t, r.take())
	require.True(t, s.Expire(now.Add(15*time.Minute)).IsZero())

	stats := s.Stats()
	require.Zero(t, stats.Keys)
	require.Zero(t, stats.Values)
	require.Zero(t, stats.Bytes)
	require.Zero(t, stats.Sources)
	require.EqualValues(t, 3, stats.Expired)
}

// TestExpireInBatches has many values expire at once: the notes are complete and
// each of a size that fits a packet, which the recorder checks.
func TestExpireInBatches(t *testing.T) {
	s, r := newStore()
	now, end := start(), start().Add(10*time.Minute)
	const values = expireBatch + 10
	for id := range uint64(values) {
		require.Equal(t, Stored, put(s, wire.ID{1}, plain(t, id+1, ""), now))
	}
	s.Listen(wire.ID{1}, Listener{Node: wire.ID{9}}, now.Add(time.Minute))
	require.False(t, s.Expire(end).After(end), "there is more to do at once")
	require.Equal(t, 10, s.Stats().Values)
	require.Equal(t, now.Add(11*time.Minute), s.Expire(end))
	told := r.take()
	require.Len(t, told, values)
	require.Len(t, slices.Compact(told), values)
}

// fill puts n values of 1000 bytes and more, each under its own key.
func fill(t *testing.T, s *Store, from netip.Addr, first byte, n int, valueType uint16) {
	for i := range n {
		v := pack(t, wire.Value{ID: uint64(i + 1), Type: valueType, Data: []byte(large(1000))})
		c := Check(&v)
		now := start().Add(time.Duration(i))
		require.Equal(t, Stored, s.Put(wire.ID{first + byte(i)}, &c, time.Time{}, from, now))
	}
}

func TestEviction(t *testing.T) {
	limits := DefaultLimits()
	limits.Bytes = 9 * 1100 // nine of those that fill puts
	r := &recorder{}
	s := New(limits, r, start())
	fill(t, s, netip.Addr{}, 1, 20, 0)
	fill(t, s, remote(1), 30, 3, 0)
	fill(t, s, remote(2), 40, 6, 0)
	require.Equal(t, 29, s.Stats().Values)
	for i := range 100 {
		s.Listen(wire.ID{byte(i)}, Listener{Node: wire.ID{9}}, start())
	}
	// The second address has the most, and loses what expires first.
	fill(t, s, remote(2), 50, 1, wire.TypeMessage)
	require.Equal(t, []string{"expired 1 to 9/0 at 50", "value 1 to 9/0 at 50"}, r.take())
	fill(t, s, remote(1), 60, 1, wire.TypeICE)
	require.Equal(t, []string{"expired 1 to 9/0 at 40", "value 1 to 9/0 at 60"}, r.take())
	require.EqualValues(t, 2, s.Stats().Evicted)
	require.LessOrEqual(t, s.Stats().Bytes, limits.Bytes)
	for i := range 20 {
		require.Len(t, valuesAt(s, wire.ID{1 + byte(i)}, start()), 1, "our own values stay")
	}

	// An edit that makes a value larger can have the same effect.
	key := newKey(t)
	small := signed(t, key, wire.Value{ID: 1, Type: wire.TypeTrustRequest, Seq: 1})
	big := signed(t, key, wire.Value{ID: 1, Type: wire.TypeTrustRequest, Seq: 2, Data: []byte(large(3000))})
	require.Equal(t, Stored, put(s, wire.ID{70}, small, start()))
	r.take()
	require.Equal(t, Edited, put(s, wire.ID{70}, big, start()))
	require.LessOrEqual(t, s.Stats().Bytes, limits.Bytes)
	require.NotEmpty(t, r.take())
	require.Len(t, valuesAt(s, wire.ID{70}, start()), 1)

	// What exceeds the limit alone drives out all of its address, and goes.
	huge := plain(t, 1, large(10000))
	require.Equal(t, Stored, put(s, wire.ID{80}, huge, start()))
	require.LessOrEqual(t, s.Stats().Bytes, limits.Bytes)
	require.Empty(t, valuesAt(s, wire.ID{80}, start()))
}

func TestEvictionAfterExpiry(t *testing.T) {
	limits := DefaultLimits()
	limits.Bytes = 3 * 1100 // three of those that fill puts
	s := New(limits, &recorder{}, start())
	fill(t, s, remote(1), 1, 1, wire.TypeICE)
	fill(t, s, remote(2), 10, 2, 0)
	v := pack(t, wire.Value{ID: 7, Data: []byte(large(1000))})
	c := Check(&v)
	require.Equal(t, Stored, s.Put(wire.ID{20}, &c, time.Time{}, remote(2), start().Add(2*time.Minute)))
	require.Equal(t, 3, s.Stats().Values, "what has expired makes room first")
	require.EqualValues(t, 1, s.Stats().Expired)
	require.Zero(t, s.Stats().Evicted)
}

// TestSources checks which addresses share a quota, and that tiny values count
// as more than their bytes.
func TestSources(t *testing.T) {
	s, _ := newStore()
	for i, from := range []string{
		"10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2",
		"fd00::1", "fd00::2:1", "fd00:0:0:1::1", "fe80::1%eth0", "fe80::2",
	} {
		v := plain(t, 1, "a")
		c := Check(&v)
		require.Equal(t, Stored, s.Put(wire.ID{byte(i)}, &c, time.Time{}, netip.MustParseAddr(from), start()))
	}
	require.Equal(t, 5, s.Stats().Sources)
	require.EqualValues(t, 8*minCost, s.Stats().Bytes)
}

func TestStats(t *testing.T) {
	s, _ := newStore()
	put(s, wire.ID{1}, plain(t, 1, large(1000)), start())
	put(s, wire.ID{1}, pack(t, wire.Value{ID: 2, Type: 9}), start())
	put(s, wire.ID{1}, pack(t, wire.Value{ID: 3, Type: 999}), start())
	put(s, wire.ID{1}, plain(t, 1, "b"), start())
	stats := s.Stats()
	found := map[string]string{}
	for _, tally := range stats.Types {
		found[tally.Name] = fmt.Sprintf("%d values, %d bytes", tally.Values, tally.Bytes)
	}
	require.Len(t, found, 8)
	require.Equal(t, "1 values, 1030 bytes", found["user data"])
	require.Equal(t, "2 values, 256 bytes", found["other"])
	require.Equal(t, "0 values, 0 bytes", found["certificate"])
	require.Equal(t, 3, stats.Values)
	require.EqualValues(t, 3, stats.Puts[Stored])
	require.EqualValues(t, 1, stats.Puts[RefusedEdit])
	for o := range Outcome(outcomes) {
		require.NotEmpty(t, o.String())
		require.NotEqual(t, "unknown", o.String())
	}
}

func TestSnapshot(t *testing.T) {
	s, _ := newStore()
	now := start()
	put(s, wire.ID{1}, plain(t, 1, "a"), now)
	put(s, wire.ID{2}, service(t, 2, "10.9.9.9:80"), now)
	put(s, wire.ID{3}, pack(t, wire.Value{ID: 3, Type: wire.TypeICE}), now)
	v := recorded(t, "type 8")[0]
	put(s, certificateKeys(t, v)[1], v, now)
	own := plain(t, 4, "own")
	checked := Check(&own)
	s.Put(wire.ID{4}, &checked, time.Time{}, netip.Addr{}, now)
	s.Refresh(wire.ID{1}, 1, now.Add(5*time.Minute))

	saved := now.Add(6 * time.Minute)
	kept := snapshot(s, saved)
	require.Len(t, kept, 4, "without the expired one")

	// The process starts anew, with another idea of time.
	started := saved.Add(8 * time.Minute)
	other := New(DefaultLimits(), &recorder{}, started)
	for _, k := range kept {
		require.NoError(t, other.Restore(k, started))
		require.NoError(t, other.Restore(k, started), "twice does no harm")
	}
	require.Empty(t, valuesAt(other, wire.ID{4}, started), "expired meanwhile")
	require.Equal(t, valuesAt(s, wire.ID{1}, saved), valuesAt(other, wire.ID{1}, started))
	require.Equal(t, valuesAt(s, wire.ID{2}, saved), valuesAt(other, wire.ID{2}, started))
	require.Equal(t, 3, other.Stats().Values)
	require.Equal(t, 1, other.Stats().Sources)
	require.Len(t, valuesAt(other, wire.ID{1}, now.Add(15*time.Minute-1)), 1)
	require.Empty(t, valuesAt(other, wire.ID{1}, now.Add(15*time.Minute)))

	require.ErrorIs(t, other.Restore(Kept{Key: wire.ID{1}, Packed: []byte("x")}, started), wire.ErrValue)

	limits := DefaultLimits()
	limits.ValuesPerKey, limits.Bytes = 1, 2*minCost
	narrow := New(limits, &recorder{}, saved)
	for id := range uint64(5) {
		v := plain(t, id+1, "a")
		for key := range byte(3) {
			require.NoError(t, narrow.Restore(Kept{Key: wire.ID{key}, Packed: v.Packed, Created: saved, Source: remote(1)}, saved))
			require.LessOrEqual(t, len(valuesAt(narrow, wire.ID{key}, saved)), 1)
		}
	}
	require.Equal(t, 2, narrow.Stats().Values)
}
