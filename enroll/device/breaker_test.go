// SPDX-License-Identifier: GPL-3.0-or-later

package device

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBreaker(t *testing.T) {
	devices := 10
	now := time.Now()
	b := NewBreaker(func(context.Context) (int, error) { return devices, nil })
	b.now = func() time.Time { return now }
	allow := func(n byte) bool {
		ok, err := b.Allow(t.Context(), [32]byte{n})
		require.NoError(t, err)
		return ok
	}
	for n := range byte(breakerLeast) {
		require.True(t, allow(n))
		require.True(t, allow(n), "a device that tries again counts once")
	}
	_, open := b.Open()
	require.False(t, open)
	require.False(t, allow(100))
	require.False(t, allow(0), "while it is open nobody is refused")
	since, open := b.Open()
	require.True(t, open)
	require.Equal(t, now, since)

	now = now.Add(breakerWindow + time.Second)
	_, open = b.Open()
	require.False(t, open)
	require.True(t, allow(100), "a quiet hour closes it")

	devices = 1000
	for n := range byte(40) {
		require.True(t, allow(n), "a large site may refuse more")
	}
	devices = 0
	require.False(t, allow(200))
	b.Reset()
	require.True(t, allow(200))

	fault := errors.New("database is gone")
	b.count = func(context.Context) (int, error) { return 0, fault }
	_, err := b.Allow(t.Context(), [32]byte{})
	require.ErrorIs(t, err, fault)
}

func TestCleanAlias(t *testing.T) {
	long := make([]rune, 200)
	for i := range long {
		long[i] = 'é'
	}
	for _, test := range []struct{ name, in, out string }{
		{"plain", "laptop", "laptop"},
		{"spaces", "  my \t\n laptop ", "my laptop"},
		{"control characters", "a\x00b\x1b[31mc\u202ed", "ab[31mcd"},
		{"not UTF-8", "a\xffb", "ab"},
		{"Unicode", "Küche 🍲", "Küche 🍲"},
		{"long", string(long), string(long[:maxAliasRunes])},
		{"empty", "\x00", ""},
	} {
		require.Equal(t, test.out, cleanAlias(test.in), test.name)
	}
}
