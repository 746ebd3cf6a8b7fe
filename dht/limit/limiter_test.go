// SPDX-License-Identifier: GPL-3.0-or-later

package limit

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func address(n uint32) netip.Addr {
	var raw [4]byte
	binary.BigEndian.PutUint32(raw[:], 10<<24+n)
	return netip.AddrFrom4(raw)
}

// The figures are those that a dhtnode lets through.
func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name            string
		cfg             Config
		addresses, each int
		taken           int
		dropped         Dropped
	}{
		{"default/one address", DefaultConfig(), 1, 2500, 1024, Dropped{RequestsPerAddress: 1476}},
		{"default/below both", DefaultConfig(), 8, 1024, 8192, Dropped{}},
		{"default/all addresses", DefaultConfig(), 64, 200, 8192, Dropped{Requests: 4608}},
		{"none/all addresses", Config{RequestsPerAddress: 10}, 5000, 11, 50000, Dropped{RequestsPerAddress: 5000}},
		{"none/one address", Config{Requests: 5000}, 1, 6000, 5000, Dropped{Requests: 1000}},
		{"none/at all", Config{}, 3, 5000, 15000, Dropped{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, taken := New(c.cfg, start), 0
			for n := range c.each {
				now := start.Add(time.Duration(n) * 100 * time.Microsecond)
				for a := range c.addresses {
					if l.Request(address(uint32(a)), now) {
						taken++
					}
				}
			}
			require.Equal(t, c.taken, taken)
			require.Equal(t, c.dropped, l.Dropped())
		})
	}
}

// The window grows while its oldest request is not at the start of the ring.
func TestBusierThanEver(t *testing.T) {
	l, taken := New(Config{RequestsPerAddress: 1000}, start), 0
	for n := range 40 {
		require.True(t, l.Request(address(uint32(n)), start.Add(time.Duration(n)*25*time.Millisecond)))
	}
	for range 2000 {
		if l.Request(address(20), start.Add(1400*time.Millisecond)) {
			taken++
		}
	}
	require.Equal(t, 999, taken, "with the one that was there")
	require.Len(t, l.requests.sources, 23, "those of the last second")
	require.True(t, l.Request(address(20), start.Add(1501*time.Millisecond)))
	require.False(t, l.Request(address(20), start.Add(1501*time.Millisecond)))
	require.Len(t, l.requests.sources, 20)
}

// Whatever is asked when, the limiter decides as one that remembers everything.
func TestRequestsAgainstModel(t *testing.T) {
	type taken struct {
		addr netip.Addr
		at   time.Time
	}
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{
			Requests:           rapid.IntRange(0, 200).Draw(t, "limit"),
			RequestsPerAddress: rapid.IntRange(0, 50).Draw(t, "limit per address"),
		}
		l, now := New(cfg, start), start
		var log []taken
		longest := rapid.IntRange(1, 40).Draw(t, "longest pause")
		for range rapid.IntRange(300, 500).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, longest).Draw(t, "pause")) * time.Millisecond)
			addr := address(rapid.Uint32Range(0, 5).Draw(t, "address"))
			all, own := 0, 0
			for _, r := range log {
				if now.Sub(r.at) < time.Second {
					all++
					if r.addr == addr {
						own++
					}
				}
			}
			want := (cfg.Requests == 0 || all < cfg.Requests) && (cfg.RequestsPerAddress == 0 || own < cfg.RequestsPerAddress)
			if got := l.Request(addr, now); got != want {
				t.Fatalf("request %v after %d of all and %d of its own: %v", now.Sub(start), all, own, got)
			}
			if want {
				log = append(log, taken{addr, now})
			}
		}
	})
}

func TestAnswers(t *testing.T) {
	l := New(Config{BytesPerAddress: 100_000}, start)
	victim, other := address(1), address(2)
	require.True(t, l.Answer(victim, 64<<10, start))
	require.False(t, l.Answer(victim, 64<<10, start), "the second would go beyond the limit")
	require.True(t, l.Answer(victim, 100_000-64<<10, start), "a small one still fits")
	require.False(t, l.Answer(victim, 1, start))
	require.True(t, l.Answer(other, 64<<10, start), "another address has its own allowance")
	require.Equal(t, Dropped{Answers: 2}, l.Dropped())

	require.False(t, l.Answer(victim, 1, start.Add(time.Second-1)))
	require.True(t, l.Answer(victim, 64<<10, start.Add(time.Second)))

	require.True(t, New(Config{}, start).Answer(victim, 1<<30, start), "no limit")
}

// A flood from ever new addresses occupies no more than the limit of a second,
// and nothing afterwards.
func TestMemoryIsBounded(t *testing.T) {
	l := New(DefaultConfig(), start)
	for n := range uint32(100_000) {
		now := start.Add(time.Duration(n) * 10 * time.Microsecond)
		if l.Request(address(n), now) {
			l.Answer(address(n), 1000, now)
		}
	}
	require.Equal(t, 8192, l.requests.count)
	require.Len(t, l.requests.sources, 8192)
	require.Len(t, l.requests.ring, 8192)
	require.LessOrEqual(t, len(l.answers.sent), 2*8192)

	quiet := start.Add(time.Minute)
	require.True(t, l.Request(address(0), quiet))
	require.True(t, l.Answer(address(0), 1, quiet))
	require.Len(t, l.requests.sources, 1)
	require.Len(t, l.answers.sent, 1)
}

func TestAllocations(t *testing.T) {
	l, now, addr := New(DefaultConfig(), start), start, netip.MustParseAddr("2001:db8::1")
	busy := func() {
		now = now.Add(time.Millisecond)
		l.Request(addr, now)
		l.Answer(addr, 500, now)
	}
	for range 2000 {
		busy()
	}
	require.Zero(t, testing.AllocsPerRun(2000, busy))
}

func BenchmarkRequest(b *testing.B) {
	l, n := New(DefaultConfig(), start), 0
	for b.Loop() {
		// 6,000 a second from 1,000 addresses.
		l.Request(address(uint32(n%1000)), start.Add(time.Duration(n)*time.Second/6000))
		n++
	}
}

func BenchmarkAnswer(b *testing.B) {
	l, n := New(DefaultConfig(), start), 0
	for b.Loop() {
		l.Answer(address(uint32(n%1000)), 500, start.Add(time.Duration(n)*time.Second/6000))
		n++
	}
}
