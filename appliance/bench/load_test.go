// SPDX-License-Identifier: GPL-3.0-or-later

package bench

import (
	"slices"
	"sync"
	"time"
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
