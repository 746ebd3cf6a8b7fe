// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"math"
	"time"
)

const (
	// rateSpan is the time that a rate is the mean of.
	rateSpan = time.Minute
	// ratePause lies between two samples; a rate is of up to that much more.
	ratePause = 5 * time.Second
)

// rate tells how fast counts have been growing. It is not safe for concurrent
// use.
type rate struct {
	samples []sample // oldest first
}

type sample struct {
	at     time.Time
	totals map[string]uint64
}

// add takes the counts of now over.
func (r *rate) add(totals map[string]uint64, now time.Time) {
	for len(r.samples) > 1 && now.Sub(r.samples[1].at) >= rateSpan {
		r.samples = r.samples[1:]
	}
	r.samples = append(r.samples, sample{now, totals})
}

// perSecond returns by how much the counts of now grew in each second of the
// last minute, to a tenth; of the time since the first sample if that is less.
// Those that are zero are left out.
func (r *rate) perSecond(totals map[string]uint64, now time.Time) map[string]float64 {
	rates := make(map[string]float64)
	if len(r.samples) == 0 {
		return rates
	}
	first := r.samples[0]
	elapsed := now.Sub(first.at).Seconds()
	if elapsed <= 0 {
		return rates
	}
	for what, total := range totals {
		if grown := math.Round(float64(total-first.totals[what])/elapsed*10) / 10; grown > 0 {
			rates[what] = grown
		}
	}
	return rates
}
