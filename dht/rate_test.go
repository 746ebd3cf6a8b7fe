// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRate(t *testing.T) {
	var r rate
	start := time.Now()
	after := func(d time.Duration) time.Time { return start.Add(d) }
	gets := func(n uint64) map[string]uint64 { return map[string]uint64{"get": n, "put": 7} }
	require.Empty(t, r.perSecond(gets(5), start), "nothing is known yet")
	r.add(gets(100), start)
	require.Empty(t, r.perSecond(gets(101), start), "no time has passed")
	require.Equal(t, map[string]float64{"get": 5}, r.perSecond(gets(110), after(2*time.Second)))

	// 10 in a second for five minutes, then nothing.
	last := uint64(100)
	for at := ratePause; at <= 5*time.Minute; at += ratePause {
		last += 50
		r.add(gets(last), after(at))
	}
	require.LessOrEqual(t, len(r.samples), int(rateSpan/ratePause)+2)
	require.Equal(t, map[string]float64{"get": 10}, r.perSecond(gets(last), after(5*time.Minute)))
	require.Equal(t, map[string]float64{"get": 5}, r.perSecond(gets(last), after(6*time.Minute)))
	for at := 5*time.Minute + ratePause; at <= 7*time.Minute; at += ratePause {
		r.add(gets(last), after(at))
	}
	require.Empty(t, r.perSecond(gets(last), after(7*time.Minute)))
}
