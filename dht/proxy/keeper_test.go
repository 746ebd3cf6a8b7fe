// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/node"
	"jamibox/dht/wire"
)

// recorder is a node that notes what is put, and lets the test tell listeners.
type recorder struct {
	mu     sync.Mutex // guards all below
	puts   []string
	refuse bool
	tell   func(packed []byte, expired bool)
	ended  chan struct{}
}

func (r *recorder) Running() bool                                               { return true }
func (r *recorder) Stats() node.Stats                                           { return node.Stats{} }
func (r *recorder) GetEach(context.Context, wire.ID, func(packed []byte)) error { return nil }

func (r *recorder) Put(_ context.Context, _ wire.ID, packed []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.puts = append(r.puts, string(packed))
	if r.refuse {
		return 0, node.ErrRefused
	}
	return 8, nil
}

func (r *recorder) Listen(ctx context.Context, _ wire.ID, tell func(packed []byte, expired bool)) error {
	r.mu.Lock()
	r.tell, r.ended = tell, make(chan struct{})
	r.mu.Unlock()
	<-ctx.Done()
	close(r.ended)
	return nil
}

// listener returns what tells the listener, as soon as there is one.
func (r *recorder) listener(t *testing.T) func(packed []byte, expired bool) {
	t.Helper()
	var tell func(packed []byte, expired bool)
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		tell = r.tell
		return tell != nil
	}, patience, time.Millisecond)
	return tell
}

func (r *recorder) takePuts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	puts := r.puts
	r.puts = nil
	return puts
}

// valueOf returns a packed value of a type.
func valueOf(id uint64, valueType uint16) []byte {
	v := wire.Value{ID: id, Type: valueType, Data: []byte(fmt.Sprint("of type ", valueType))}
	return v.Append(nil)
}

func TestKeeper(t *testing.T) {
	r := new(recorder)
	k := newKeeper(r, DefaultLimits(), slog.New(slog.DiscardHandler))
	began, from := time.Now(), netip.MustParseAddr("10.0.0.1")
	long, short := valueOf(1, wire.TypeCertificate), valueOf(2, wire.TypeICE)
	for id, packed := range map[uint64][]byte{1: long, 2: short} {
		_, err := k.keep(keyOf(key), id, packed, from, began)
		require.NoError(t, err)
	}
	puts := func(at time.Duration) []string {
		k.repeat(t.Context(), began.Add(at))
		return r.takePuts()
	}
	require.Empty(t, puts(29*time.Second))
	require.Equal(t, []string{string(short)}, puts(30*time.Second), "it lives for a minute")
	require.Empty(t, puts(59*time.Second))
	require.Equal(t, []string{string(short)}, puts(time.Minute))
	require.ElementsMatch(t, []string{string(short), string(long)}, puts(9*time.Minute+30*time.Second), "other nodes come and go")

	// The first is put once more by its client.
	_, err := k.keep(keyOf(key), 1, long, from, began.Add(22*time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, k.keys())
	require.Equal(t, []string{string(long)}, puts(24*time.Hour))
	count, bytes := k.size()
	require.Equal(t, 1, count)
	require.Equal(t, len(long), bytes)

	r.refuse = true
	require.Equal(t, []string{string(long)}, puts(25*time.Hour))
	count, bytes = k.size()
	require.Zero(t, count, "its owner has put a newer one elsewhere")
	require.Zero(t, bytes)
	require.Empty(t, k.values)
	require.Empty(t, k.bySource)
}

func TestKeeperLimits(t *testing.T) {
	limits := DefaultLimits()
	limits.Permanent, limits.PermanentPerSource, limits.PermanentBytes = 3, 2, 100
	k := newKeeper(new(recorder), limits, slog.New(slog.DiscardHandler))
	a, b, now := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), time.Now()
	keep := func(id uint64, size int, from netip.Addr) error {
		_, err := k.keep(keyOf(key), id, make([]byte, size), from, now)
		return err
	}
	require.NoError(t, keep(1, 10, a))
	require.NoError(t, keep(2, 10, a))
	require.ErrorIs(t, keep(3, 10, a), errCrowded, "of one source")
	require.NoError(t, keep(2, 20, a), "in place of another")
	require.ErrorIs(t, keep(4, 71, b), errCrowded, "bytes")
	require.NoError(t, keep(4, 70, b))
	require.ErrorIs(t, keep(5, 0, b), errCrowded, "in all")
}

// The hub tells followers of what expires, and ends its listener with the last.
func TestHub(t *testing.T) {
	r := new(recorder)
	h := newHub(r, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	first, second := newQueue(func() {}), newQueue(func() {})
	leaveFirst := h.follow(ctx, keyOf(key), first)
	tell := r.listener(t)
	tell(plain(1, "one"), false)
	tell(plain(2, "two"), false)
	tell(plain(1, "one"), true)
	events, ok := first.take()
	require.True(t, ok)
	require.Equal(t, []event{{plain(1, "one"), false}, {plain(2, "two"), false}, {plain(1, "one"), true}}, events)

	leaveSecond := h.follow(ctx, keyOf(key), second)
	events, _ = second.take()
	require.Equal(t, []event{{plain(2, "two"), false}}, events, "what is there still")
	require.Equal(t, 1, h.keys())
	leaveFirst()
	tell(plain(3, "three"), false)
	events, _ = first.take()
	require.Empty(t, events)
	events, _ = second.take()
	require.Len(t, events, 1)
	leaveSecond()
	<-r.ended
	require.Zero(t, h.keys())

	// All are broken off when the context is done.
	r.tell = nil
	third := newQueue(func() {})
	leave := h.follow(ctx, keyOf(key), third)
	r.listener(t)
	stop()
	h.wait()
	_, ok = third.take()
	require.False(t, ok)
	leave()
	require.Zero(t, h.keys())
}
