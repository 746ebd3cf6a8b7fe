// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNonces(t *testing.T) {
	c := &clock{now: start}
	n := newNonces(c.Now)
	first := n.issue()
	require.Len(t, first, 16)
	require.True(t, n.valid([]byte(first)))
	require.Equal(t, first, n.issue(), "nothing but the time makes them")
	require.False(t, newNonces(c.Now).valid([]byte(first)), "of another server")

	for at := range len(first) {
		altered := []byte(first)
		altered[at] ^= 1
		require.False(t, n.valid(altered), string(altered))
	}
	for name, made := range map[string]string{
		"error/empty":     "",
		"error/cut":       first[:15],
		"error/longer":    first + "A",
		"error/line ends": "\n\r\n\r" + first[4:],
		"error/all line":  "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
		"error/alphabet":  "!!!!" + first[4:],
	} {
		t.Run(name, func(t *testing.T) {
			require.False(t, n.valid([]byte(made)))
		})
	}

	c.pass(time.Hour - time.Second)
	require.True(t, n.valid([]byte(first)))
	later := n.issue()
	require.NotEqual(t, first, later)
	c.pass(time.Second)
	require.False(t, n.valid([]byte(first)))
	require.True(t, n.valid([]byte(later)))
	c.pass(-2 * time.Second)
	require.True(t, n.valid([]byte(first)))
	c.pass(-time.Hour)
	require.False(t, n.valid([]byte(later)), "of the future")
}

func FuzzNonce(f *testing.F) {
	n := newNonces((&clock{now: start}).Now)
	issued := n.issue()
	for _, seed := range []string{issued, "", "AAAAAAAAAAAAAAAA", "\n" + issued[1:], issued + "=", issued[:15]} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, nonce []byte) {
		if n.valid(nonce) != (string(nonce) == issued) {
			t.Fatalf("%q", nonce)
		}
	})
}
