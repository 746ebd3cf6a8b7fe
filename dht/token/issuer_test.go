// SPDX-License-Identifier: GPL-3.0-or-later

package token

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestBinding(t *testing.T) {
	i := New(start)
	endpoint := netip.MustParseAddrPort("192.0.2.1:4222")
	token := i.Token(endpoint, start)
	altered := token
	altered[31] ^= 1
	for _, c := range []struct {
		name     string
		token    []byte
		endpoint string
		want     bool
	}{
		{"valid/same endpoint", token[:], "192.0.2.1:4222", true},
		{"refused/other port", token[:], "192.0.2.1:4223", false},
		{"refused/other address", token[:], "192.0.2.2:4222", false},
		{"refused/other family", token[:], "[2001:db8::1]:4222", false},
		{"refused/one bit altered", altered[:], "192.0.2.1:4222", false},
		{"refused/one byte short", token[:31], "192.0.2.1:4222", false},
		{"refused/one byte long", append(token[:], 0), "192.0.2.1:4222", false},
		{"refused/empty", nil, "192.0.2.1:4222", false},
		{"refused/zeros", make([]byte, Size), "192.0.2.1:4222", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, i.Valid(c.token, netip.MustParseAddrPort(c.endpoint), start))
		})
	}
	other := New(start)
	require.False(t, other.Valid(token[:], endpoint, start), "another issuer has other secrets")
}

// A token is good for a quarter of an hour at least and for an hour and a half
// at most, however often the issuer is asked in between.
func TestAge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes := func(limit int, label string) time.Duration {
			return time.Duration(rapid.IntRange(0, limit*60).Draw(t, label)) * time.Second
		}
		endpoint := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 1}), rapid.Uint16().Draw(t, "port"))
		i, now := New(start), start
		for range rapid.IntRange(0, 5).Draw(t, "before") {
			now = now.Add(minutes(60, "pause before"))
			i.Token(endpoint, now)
		}
		token, made := i.Token(endpoint, now), now
		for range rapid.IntRange(1, 8).Draw(t, "checks") {
			now = now.Add(minutes(60, "pause"))
			valid, age := i.Valid(token[:], endpoint, now), now.Sub(made)
			if age <= 15*time.Minute && !valid {
				t.Fatalf("refused at the age of %v", age)
			}
			if age >= 90*time.Minute && valid {
				t.Fatalf("good at the age of %v", age)
			}
		}
	})
}

func TestForgottenAfterLongSilence(t *testing.T) {
	i := New(start)
	endpoint := netip.MustParseAddrPort("[2001:db8::1]:4222")
	token := i.Token(endpoint, start)
	require.True(t, i.Valid(token[:], endpoint, start.Add(15*time.Minute-1)))
	require.False(t, i.Valid(token[:], endpoint, start.Add(5*time.Hour)))
}

func TestAllocations(t *testing.T) {
	i := New(start)
	endpoint := netip.MustParseAddrPort("192.0.2.1:4222")
	token := i.Token(endpoint, start)
	require.Zero(t, testing.AllocsPerRun(100, func() { token = i.Token(endpoint, start) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { i.Valid(token[:], endpoint, start) }))
}

func BenchmarkToken(b *testing.B) {
	i, endpoint := New(start), netip.MustParseAddrPort("192.0.2.1:4222")
	for b.Loop() {
		i.Token(endpoint, start)
	}
}

func BenchmarkValid(b *testing.B) {
	i, endpoint := New(start), netip.MustParseAddrPort("192.0.2.1:4222")
	token := i.Token(endpoint, start)
	for b.Loop() {
		i.Valid(token[:], endpoint, start)
	}
}
