// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"testing"
	"time"

	"jamibox/dht/wire"
)

const benchValues = 200_000

// filled returns a store with values of 128 bytes under keys of their own.
func filled(b *testing.B, now time.Time) (*Store, wire.Value) {
	s := New(DefaultLimits(), &silent{}, start())
	v := plain(b, 1<<40, large(128))
	c := Check(&v)
	for i := range benchValues {
		s.Put(numbered(i), &c, time.Time{}, remote(byte(i)), now.Add(time.Duration(i)))
	}
	return s, v
}

func BenchmarkPutNew(b *testing.B) {
	s, v := filled(b, start())
	b.ReportAllocs()
	n := benchValues
	for b.Loop() {
		c := Check(&v)
		s.Put(numbered(n), &c, time.Time{}, remote(byte(n)), start().Add(time.Duration(n)))
		n++
	}
}

func BenchmarkPutAgain(b *testing.B) {
	s, v := filled(b, start())
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		c := Check(&v)
		s.Put(numbered(n%benchValues), &c, time.Time{}, remote(1), start().Add(time.Duration(n)))
		n++
	}
}

func BenchmarkPutEvicting(b *testing.B) {
	s, v := filled(b, start())
	s.limits.Bytes = s.sources.bytes
	b.ReportAllocs()
	n := benchValues
	for b.Loop() {
		c := Check(&v)
		s.Put(numbered(n), &c, time.Time{}, remote(byte(n)), start().Add(time.Duration(n)))
		n++
	}
}

func BenchmarkGet(b *testing.B) {
	s, _ := filled(b, start())
	keys := make([]wire.ID, 2000)
	for i := range keys {
		keys[i] = numbered(i * 7)
	}
	now := start()
	b.ReportAllocs()
	n, sum := 0, 0
	for b.Loop() {
		for packed := range s.Values(keys[n%len(keys)], nil, now) {
			sum += len(packed)
		}
		n++
	}
}

// BenchmarkPush puts under a key with 500 listeners.
func BenchmarkPush(b *testing.B) {
	s, v := filled(b, start())
	for i := range 500 {
		s.Listen(wire.ID{1}, Listener{Node: numbered(i)}, start())
	}
	b.ReportAllocs()
	for b.Loop() {
		c := Check(&v)
		s.Put(wire.ID{1}, &c, time.Time{}, remote(1), start())
		s.remove(s.lookup(wire.ID{1}, v.ID))
	}
}

// BenchmarkListenAgain repeats the listens of 5000 peers at one key.
func BenchmarkListenAgain(b *testing.B) {
	s := New(DefaultLimits(), &silent{}, start())
	nodes := make([]wire.ID, 5000)
	for i := range nodes {
		nodes[i] = numbered(i)
		s.Listen(wire.ID{1}, Listener{Node: nodes[i]}, start())
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		s.Listen(wire.ID{1}, Listener{Node: nodes[n%len(nodes)]}, start())
		n++
	}
}

// BenchmarkExpireNothing is what each call costs while all values live.
func BenchmarkExpireNothing(b *testing.B) {
	s, _ := filled(b, start())
	b.ReportAllocs()
	for b.Loop() {
		s.Expire(start())
	}
}

// BenchmarkExpire drops 200,000 values; the figure is for each of them.
func BenchmarkExpire(b *testing.B) {
	dropped := 0
	for b.Loop() {
		b.StopTimer()
		s, _ := filled(b, start())
		end := start().Add(time.Hour)
		b.StartTimer()
		for next := s.Expire(end); !next.IsZero(); next = s.Expire(end) {
		}
		dropped += benchValues
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(dropped), "ns/value")
}
