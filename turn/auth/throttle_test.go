// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAllowUnauthenticated(t *testing.T) {
	c := &clock{now: start}
	th := newThrottle(DefaultLimits(), c.Now)
	mapped := netip.MustParseAddr("::ffff:10.0.0.7")
	for range 10 {
		require.True(t, th.allowUnauthenticated(source))
		require.True(t, th.allowUnauthenticated(mapped))
	}
	require.False(t, th.allowUnauthenticated(source))
	require.False(t, th.allowUnauthenticated(mapped))
	require.True(t, th.allowUnauthenticated(netip.MustParseAddr("10.0.0.8")))
	c.pass(time.Second - time.Nanosecond)
	require.False(t, th.allowUnauthenticated(source))
	c.pass(time.Nanosecond)
	for range 20 {
		require.True(t, th.allowUnauthenticated(source))
	}
	require.False(t, th.allowUnauthenticated(source))
}

func TestThrottleWithoutLimits(t *testing.T) {
	th := newThrottle(Limits{}, time.Now)
	for range 1000 {
		require.True(t, th.allowUnauthenticated(source))
		require.True(t, th.allowFailure(source, "alice"))
	}
	require.Empty(t, th.failures.byKey)
}

// TestThrottleIsBounded lets strangers with made-up names and addresses come:
// the oldest are forgotten, and nothing grows.
func TestThrottleIsBounded(t *testing.T) {
	c := &clock{now: start}
	th := newThrottle(Limits{Unauthenticated: 1, Failures: 1, Sources: 100}, c.Now)
	long := strings.Repeat("a", 4000)
	addr := netip.MustParseAddr("10.0.0.0")
	for i := range 250 {
		addr = addr.Next()
		require.True(t, th.allowUnauthenticated(addr))
		require.True(t, th.allowFailure(source, long+strconv.Itoa(i)))
	}
	require.Len(t, th.unauthenticated.byKey, 100)
	require.Len(t, th.unauthenticated.arrived, 100)
	require.Len(t, th.failures.byKey, 100)
	for range 100 {
		require.False(t, th.allowUnauthenticated(addr), "the last hundred are known")
		addr = addr.Prev()
	}
	require.True(t, th.allowUnauthenticated(addr), "the one before is forgotten")
	require.False(t, th.allowFailure(source, long+"249"))
	require.True(t, th.allowFailure(source, long+"149"))
}

// TestThrottleIsExact counts by many goroutines at once.
func TestThrottleIsExact(t *testing.T) {
	th := newThrottle(Limits{Unauthenticated: 500, Failures: 500, Sources: 2}, (&clock{now: start}).Now)
	var requests, failures atomic.Int64
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 200 {
				if th.allowUnauthenticated(source) {
					requests.Add(1)
				}
				if th.allowFailure(source, "alice") {
					failures.Add(1)
				}
			}
		})
	}
	running.Wait()
	require.EqualValues(t, 500, requests.Load())
	require.EqualValues(t, 500, failures.Load())
}
