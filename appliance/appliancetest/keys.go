// SPDX-License-Identifier: GPL-3.0-or-later

package appliancetest

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyring makes many RSA keys of a size from few primes, each with each other:
// no key is like another, and none is good for anything but tests.
type keyring struct {
	bits int

	mu     sync.Mutex
	primes []*big.Int        // guarded by mu
	keys   []*rsa.PrivateKey // guarded by mu
}

var (
	smallKeys = &keyring{bits: 2048}
	largeKeys = &keyring{bits: 4096}
)

// DeviceKey returns the nth device key of this process, 2048 bits.
func DeviceKey(t testing.TB, n int) *rsa.PrivateKey {
	t.Helper()
	return smallKeys.first(t, n+1)[n]
}

// LargeDeviceKeys returns n device keys of 4096 bits, as real clients have.
func LargeDeviceKeys(t testing.TB, n int) []*rsa.PrivateKey {
	t.Helper()
	return largeKeys.first(t, n)
}

func (k *keyring) first(t testing.TB, n int) []*rsa.PrivateKey {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.keys) < n {
		fresh, err := rsa.GenerateKey(rand.Reader, k.bits)
		require.NoError(t, err)
		for _, p := range fresh.Primes {
			for _, q := range k.primes {
				if key := pair(p, q, k.bits); key != nil {
					k.keys = append(k.keys, key)
				}
			}
		}
		k.primes = append(k.primes, fresh.Primes...)
		k.keys = append(k.keys, fresh)
	}
	return k.keys[:n:n]
}

// pair returns the key of two primes, or nil if they do not fit.
func pair(p, q *big.Int, bits int) *rsa.PrivateKey {
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(65537), phi)
	n := new(big.Int).Mul(p, q)
	if d == nil || n.BitLen() != bits {
		return nil
	}
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 65537}, D: d, Primes: []*big.Int{p, q}}
	key.Precompute()
	return key
}
