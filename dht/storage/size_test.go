// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// numbered returns a key that looks like a hash.
func numbered(n int) wire.ID {
	return wire.HashOf(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// silent is a Pusher that counts.
type silent struct{ pushes int }

func (s *silent) PushValue(*Listener, wire.ID, []byte)       { s.pushes++ }
func (s *silent) PushRefreshed(*Listener, wire.ID, []uint64) { s.pushes++ }
func (s *silent) PushExpired(*Listener, wire.ID, []uint64)   { s.pushes++ }

// TestMemoryOfValue measures what a value of 128 bytes takes under a key of its
// own; dhtnode 2.4.12 takes 700 bytes and more.
func TestMemoryOfValue(t *testing.T) {
	require.EqualValues(t, 64, unsafe.Sizeof(record{}))

	const values = 100_000
	heap := func() (live, inUse uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		runtime.GC()
		runtime.ReadMemStats(&after)
		return after.HeapAlloc, before.HeapInuse
	}
	s := New(DefaultLimits(), &silent{}, start())
	heap()
	liveBefore, _ := heap()
	template := wire.Value{ID: 1, Data: []byte(large(128))}
	var packed []byte
	for i := range values {
		template.ID = uint64(i+1)<<20 + 1
		packed = template.Append(packed[:0])
		v, err := wire.ParseValue(packed)
		require.NoError(t, err)
		c := Check(&v)
		s.Put(numbered(i), &c, time.Time{}, remote(byte(i)), start())
	}
	live, inUse := heap()
	require.Equal(t, values, s.Stats().Values)
	perValue := float64(live-liveBefore) / values
	t.Logf("%.0f bytes per value; %.0f of the heap before collection", perValue, float64(inUse-liveBefore)/values)
	require.Less(t, perValue, 400.)
}

// TestMemoryOfListener measures a listener at a key of its own, the worst case.
func TestMemoryOfListener(t *testing.T) {
	const listeners = 100_000
	s := New(DefaultLimits(), &silent{}, start())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range listeners {
		s.Listen(numbered(i), Listener{Node: numbered(i), Version: 1}, start())
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Equal(t, listeners, s.Stats().Listeners)
	perListener := float64(after.HeapAlloc-before.HeapAlloc) / listeners
	t.Logf("%.0f bytes per listener", perListener)
	require.Less(t, perListener, 450.)
}

// TestMemoryReturned checks that a key that was crowded does not keep the room.
func TestMemoryReturned(t *testing.T) {
	s := New(DefaultLimits(), &silent{}, start())
	for id := range uint64(10_000) {
		put(s, wire.ID{1}, plain(t, id+1, ""), start().Add(time.Duration(id)))
	}
	last := start().Add(10*time.Minute + 9_998)
	for next := s.Expire(last); !next.After(last); next = s.Expire(last) {
	}
	require.Equal(t, 1, s.Stats().Values)
	require.Less(t, cap(s.shelves[wire.ID{1}].values), 128)
	require.Less(t, cap(s.sources.nextExpiry().source.values.elements), 128)
}

func TestAllocations(t *testing.T) {
	s := New(DefaultLimits(), &silent{}, start())
	v := plain(t, 1, large(128))
	s.Put(wire.ID{1}, ptr(Check(&v)), time.Time{}, remote(1), start())
	byID := &wire.Query{Where: wire.FieldID, Match: wire.Row{ID: 1}}
	rows := &wire.Query{Select: wire.FieldID | wire.FieldSeq}
	sum := 0
	for name, f := range map[string]func(){
		"put again": func() {
			c := Check(&v)
			s.Put(wire.ID{1}, &c, time.Time{}, remote(1), start())
		},
		"refresh": func() { s.Refresh(wire.ID{1}, 1, start()) },
		"get": func() {
			for packed := range s.Values(wire.ID{1}, nil, start()) {
				sum += len(packed)
			}
		},
		"get by id": func() {
			for packed := range s.Values(wire.ID{1}, byID, start()) {
				sum += len(packed)
			}
		},
		"rows": func() {
			for row := range s.Rows(wire.ID{1}, rows, start()) {
				sum += int(row.ID)
			}
		},
		"expire": func() { s.Expire(start()) },
	} {
		require.Zero(t, testing.AllocsPerRun(100, f), name)
	}
	require.Positive(t, sum)
}

func ptr[T any](v T) *T { return &v }
