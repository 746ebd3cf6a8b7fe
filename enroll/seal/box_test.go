// SPDX-License-Identifier: GPL-3.0-or-later

package seal

import (
	"bytes"
	"encoding/hex"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func testBox(t *testing.T, fill byte) *Box {
	t.Helper()
	b, err := New(bytes.Repeat([]byte{fill}, KeySize))
	require.NoError(t, err)
	return b
}

func TestSealUnseal(t *testing.T) {
	b := testBox(t, 1)
	for name, plaintext := range map[string][]byte{
		"empty": nil,
		"short": []byte("secret"),
		"large": bytes.Repeat([]byte("0123456789abcdef"), 1<<16),
	} {
		t.Run(name, func(t *testing.T) {
			sealed := b.Seal(plaintext, "place")
			require.Equal(t, byte(1), sealed[0])
			require.NotEqual(t, sealed, b.Seal(plaintext, "place"), "a nonce was used twice")
			got, err := b.Unseal(sealed, "place")
			require.NoError(t, err)
			require.True(t, bytes.Equal(plaintext, got))
		})
	}
}

func TestUnsealRefuses(t *testing.T) {
	b := testBox(t, 1)
	sealed := b.Seal([]byte("secret"), "place")

	t.Run("error/other key", func(t *testing.T) {
		_, err := testBox(t, 2).Unseal(sealed, "place")
		require.ErrorIs(t, err, ErrWrongKey)
		require.ErrorContains(t, err, "sealed with another key file")
	})
	t.Run("error/other context", func(t *testing.T) {
		_, err := b.Unseal(sealed, "elsewhere")
		require.ErrorIs(t, err, ErrWrongKey)
	})
	t.Run("error/any byte changed", func(t *testing.T) {
		for i := range sealed {
			changed := bytes.Clone(sealed)
			changed[i] ^= 0x10
			_, err := b.Unseal(changed, "place")
			require.Error(t, err, "byte %d", i)
		}
	})
	t.Run("error/cut off", func(t *testing.T) {
		for i := range sealed {
			_, err := b.Unseal(sealed[:i], "place")
			require.Error(t, err, "length %d", i)
		}
	})
}

func TestDerive(t *testing.T) {
	b := testBox(t, 1)
	require.Len(t, b.Derive("relay"), 32)
	require.Equal(t, b.Derive("relay"), testBox(t, 1).Derive("relay"))
	require.NotEqual(t, b.Derive("relay"), b.Derive("tokens"))
	require.NotEqual(t, b.Derive("relay"), testBox(t, 2).Derive("relay"))
	// What clients were given depends on these bytes: they must never change.
	require.Equal(t, goldenDerived, hex.EncodeToString(b.Derive("relay")))
}

// TestUnsealGolden holds the format: data sealed by a released version opens.
func TestUnsealGolden(t *testing.T) {
	sealed, err := hex.DecodeString(goldenSealed)
	require.NoError(t, err)
	got, err := testBox(t, 1).Unseal(sealed, "place")
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))
}

func TestNewWrongLength(t *testing.T) {
	_, err := New(make([]byte, 16))
	require.EqualError(t, err, "master key has 16 bytes, 32 are needed")
}

func TestConcurrentUse(t *testing.T) {
	b := testBox(t, 1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				got, err := b.Unseal(b.Seal([]byte("secret"), "place"), "place")
				if err != nil || string(got) != "secret" {
					t.Errorf("unsealed %q, %v", got, err)
				}
				b.Derive("relay")
			}
		})
	}
	wg.Wait()
}
