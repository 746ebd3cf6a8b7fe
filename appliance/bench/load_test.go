// SPDX-License-Identifier: GPL-3.0-or-later

package bench

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// spread runs do(i) for each i below n by the given number of workers and
// returns the time of the whole and of each call.
func spread(n, workers int, do func(i int)) (whole time.Duration, each []time.Duration) {
	each = make([]time.Duration, n)
	next := make(chan int)
	var wg sync.WaitGroup
	start := time.Now()
	for range workers {
		wg.Go(func() {
			for i := range next {
				began := time.Now()
				do(i)
				each[i] = time.Since(began)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return time.Since(start), each
}

// percentile returns the pth percentile in milliseconds.
func percentile(each []time.Duration, p float64) float64 {
	sorted := slices.Sorted(slices.Values(each))
	return sorted[min(len(sorted)-1, int(p/100*float64(len(sorted))))].Seconds() * 1000
}

func rate(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

// deviceKeys returns n different RSA-4096 keys. Making each would take a
// second; pairing a few primes gives keys that are as good for measuring.
func deviceKeys(b *testing.B, n int) []*rsa.PrivateKey {
	b.Helper()
	var primes []*big.Int
	var keys []*rsa.PrivateKey
	for len(keys) < n {
		fresh, err := rsa.GenerateKey(rand.Reader, 4096)
		require.NoError(b, err)
		for _, p := range fresh.Primes {
			for _, q := range primes {
				if key := pair(p, q); key != nil && len(keys) < n {
					keys = append(keys, key)
				}
			}
			primes = append(primes, p)
		}
	}
	return keys
}

func pair(p, q *big.Int) *rsa.PrivateKey {
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(65537), phi)
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: d, Primes: []*big.Int{p, q},
	}
	if d == nil || key.N.BitLen() != 4096 {
		return nil
	}
	key.Precompute()
	return key
}
