// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// waited returns how long an attempt is held back, in a bubble of synctest.
func waited(t *testing.T, s *slowdown, user, remote string) time.Duration {
	t.Helper()
	begin := time.Now()
	require.NoError(t, s.wait(t.Context(), user, remote))
	return time.Since(begin)
}

func TestDelaysGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowdown()
		ms := time.Millisecond
		for _, want := range []time.Duration{0, 0, 0, 250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 5000 * ms, 5000 * ms} {
			require.Equal(t, want, waited(t, s, "alice", "10.0.0.1"))
			s.failed("alice", "10.0.0.1")
		}
		for range 100 {
			s.failed("alice", "10.0.0.1")
			require.Equal(t, maxDelay, waited(t, s, "alice", "10.0.0.1"), "nobody is locked out")
		}
		require.Zero(t, waited(t, s, "alice", "10.0.0.2"), "elsewhere")
		require.Zero(t, waited(t, s, "bob", "10.0.0.1"), "one person's device does not slow down the office")
		require.Zero(t, waited(t, s, "alice", ""), "at the box itself")

		s.succeeded("alice", "10.0.0.1")
		require.Zero(t, waited(t, s, "alice", "10.0.0.1"))
	})
}

func TestFailuresAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowdown()
		for range 6 {
			s.failed("alice", "10.0.0.1")
			s.failed("alice", "10.0.0.2")
			s.failed("alicia", "10.0.0.1")
		}
		require.NotZero(t, waited(t, s, "alice", "10.0.0.1"))
		s.forgive("alice")
		require.Zero(t, waited(t, s, "alice", "10.0.0.1"))
		require.Zero(t, waited(t, s, "alice", "10.0.0.2"))
		require.NotZero(t, waited(t, s, "alicia", "10.0.0.1"))
		<-time.After(forgetAfter + time.Second) // the clock of synctest: nobody waits
		require.Zero(t, waited(t, s, "alicia", "10.0.0.1"))
		s.failed("alicia", "10.0.0.1")
		require.Zero(t, waited(t, s, "alicia", "10.0.0.1"), "counting begins anew")
	})
}

// One address that tries one password on everybody.
func TestSpraying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowdown()
		for i := range freeFailuresOfAddress {
			user := fmt.Sprint("user", i)
			require.Zero(t, waited(t, s, user, "10.0.0.66"))
			s.failed(user, "10.0.0.66")
		}
		require.Equal(t, firstDelay, waited(t, s, "another", "10.0.0.66"))
		require.Zero(t, waited(t, s, "another", "10.0.0.1"))
		s.forgive("")
		require.Equal(t, firstDelay, waited(t, s, "another", "10.0.0.66"))
	})
}

func TestWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowdown()
		for range freeFailuresOfAddress {
			for _, user := range []string{"alice", "bob", "carol", "dave", "eve", "frank", "grace", "heidi", "ivan", "judy"} {
				s.failed(user, "10.0.0.66")
			}
		}
		var refused, done atomic.Int64
		start := func(user string) {
			go func() {
				if err := s.wait(t.Context(), user, "10.0.0.66"); errors.Is(err, ErrTooManyAttempts) {
					refused.Add(1)
				}
				done.Add(1)
			}()
		}
		for range maxWaiters + 3 {
			start("alice")
		}
		synctest.Wait()
		require.Equal(t, int64(3), refused.Load(), "for one user")
		for i := range maxWaitersOfAddress {
			start(fmt.Sprint("user", i))
		}
		synctest.Wait()
		require.Equal(t, int64(3+maxWaiters), refused.Load(), "for the address")
		require.Zero(t, waited(t, s, "alice", "10.0.0.1"), "elsewhere")
		<-time.After(maxDelay)
		synctest.Wait()
		require.Equal(t, int64(maxWaiters+3+maxWaitersOfAddress), done.Load())
		require.NoError(t, s.wait(t.Context(), "alice", "10.0.0.66"), "places are given back")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, s.wait(ctx, "alice", "10.0.0.66"), context.Canceled)
		for _, e := range s.entries {
			require.Zero(t, e.waiters)
		}
	})
}

func TestSlowdownMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowdown()
		long := strings.Repeat("x", 1<<10)
		for range 5 {
			s.failed("waiting", "10.0.0.66")
		}
		held := make(chan error)
		go func() { held <- s.wait(t.Context(), "waiting", "10.0.0.66") }()
		synctest.Wait()
		for i := range maxTracked {
			s.failed(fmt.Sprint(i, long), fmt.Sprint("2001:db8::", i))
			require.LessOrEqual(t, len(s.entries), maxTracked)
		}
		for from := range s.entries {
			require.Less(t, len(from.user), 200)
		}
		require.Contains(t, s.entries, origin{remote: "10.0.0.66", user: "waiting"}, "who waits is remembered")
		require.NoError(t, <-held)

		<-time.After(forgetAfter + time.Second)
		for i := range maxTracked {
			s.failed("new", fmt.Sprint(i))
		}
		require.NotContains(t, s.entries, origin{remote: "10.0.0.66", user: "waiting"}, "what is out of date goes first")
	})
}
