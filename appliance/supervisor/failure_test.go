// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type permanentError struct{}

func (permanentError) Error() string   { return "program dhtnode is not installed" }
func (permanentError) Permanent() bool { return true }

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := &fake{name: "turn", run: failing}
		s := New(Options{FirstDelay: time.Second, MaxDelay: 10 * time.Second, GiveUpAfter: 5})
		s.Add(relay, ServiceOptions{})
		stop := started(t, s)
		time.Sleep(11 * time.Second) // 1+2+4 s of pauses at most, then 8 s
		require.Equal(t, []State{StateBackoff}, states(s))
		require.Equal(t, 3, s.Status()[0].Restarts)
		time.Sleep(5 * time.Second)
		since := s.Status()[0].Since
		require.Equal(t, []State{StateFailed}, states(s))
		time.Sleep(30 * time.Second)
		require.NotEqual(t, StateStarting, states(s)[0])
		require.Equal(t, since, s.Status()[0].Since, "stays failed through the slow retries")
		require.NoError(t, stop())

		require.GreaterOrEqual(t, len(relay.tries), 8)
		for i, want := range []time.Duration{1, 2, 4, 8, 10, 10, 10} {
			got := relay.tries[i+1].Sub(relay.tries[i])
			require.LessOrEqual(t, got, want*time.Second, "pause %d", i)
			require.GreaterOrEqual(t, got, want*time.Second*4/5, "pause %d", i)
		}
	})
}

func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{FirstDelay: time.Second, MaxDelay: time.Minute, GiveUpAfter: 2, StableAfter: time.Minute})
		relay := &fake{name: "turn", run: func(ctx context.Context, try int, ready func()) error {
			switch {
			case try <= 2:
				return errors.New("no luck")
			case try == 3: // the slow retry works for long enough to be trusted again
				ready()
				time.Sleep(2 * time.Minute)
				return nil
			default:
				return healthy(ctx, try, ready)
			}
		}}
		s.Add(relay, ServiceOptions{})
		stop := started(t, s)
		time.Sleep(3 * time.Second)
		require.Equal(t, []State{StateFailed}, states(s))
		time.Sleep(time.Minute)
		require.Equal(t, []State{StateReady}, states(s))
		require.Empty(t, s.Status()[0].Detail)

		for changed := s.Changed(); states(s)[0] == StateReady; changed = s.Changed() {
			<-changed
		}
		require.Equal(t, []State{StateBackoff}, states(s))
		require.Equal(t, "ended without being told to", s.Status()[0].Detail)
		time.Sleep(time.Second)
		require.Equal(t, []State{StateReady}, states(s))
		require.Equal(t, 3, s.Status()[0].Restarts)
		require.NoError(t, stop())
	})
}

func TestShortReadyDoesNotForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{GiveUpAfter: 3})
		s.Add(&fake{name: "turn", run: func(_ context.Context, _ int, ready func()) error {
			ready()
			time.Sleep(time.Second)
			return errors.New("no luck")
		}}, ServiceOptions{})
		stop := started(t, s)
		time.Sleep(10 * time.Second)
		require.Equal(t, []State{StateFailed}, states(s))
		require.NoError(t, stop())
	})
}

func TestPermanentError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := &fake{name: "dht", run: func(context.Context, int, func()) error {
			return fmt.Errorf("starting node: %w", permanentError{})
		}}
		s := New(Options{FirstDelay: time.Second, MaxDelay: time.Minute})
		s.Add(node, ServiceOptions{})
		stop := started(t, s)
		require.Equal(t, []State{StateFailed}, states(s))
		require.Equal(t, "starting node: program dhtnode is not installed", s.Status()[0].Detail)
		require.Equal(t, OverallDegraded, s.Overall())
		time.Sleep(40 * time.Second)
		require.Equal(t, 1, node.count())
		time.Sleep(30 * time.Second)
		require.Equal(t, 2, node.count())
		require.NoError(t, stop())
	})
}

func TestCriticalFirstStart(t *testing.T) {
	taken := errors.New("port 443 is taken")
	synctest.Test(t, func(t *testing.T) {
		var order []string
		before := &fake{name: "dht", run: func(ctx context.Context, try int, ready func()) error {
			defer func() { order = append(order, "dht stopped") }()
			return healthy(ctx, try, ready)
		}}
		after := &fake{name: "turn", run: healthy}
		s := New(Options{})
		s.Add(before, ServiceOptions{})
		s.Add(&fake{name: "enroll", run: func(context.Context, int, func()) error { return taken }}, ServiceOptions{Critical: true})
		s.Add(after, ServiceOptions{})
		begun := time.Now()
		err := s.Run(t.Context())
		require.ErrorIs(t, err, taken)
		require.EqualError(t, err, "service enroll: port 443 is taken")
		require.Zero(t, time.Since(begun), "no back-off")
		require.Zero(t, after.count())
		require.Equal(t, []string{"dht stopped"}, order)
		require.Equal(t, []State{StateStopped, StateFailed, StateStopped}, states(s))
		require.Equal(t, OverallFailed, s.Overall())
	})
}

func TestCriticalFailsForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &fake{name: "enroll", run: func(_ context.Context, try int, ready func()) error {
			if try == 1 {
				ready()
				time.Sleep(time.Second)
			}
			return errors.New("no luck")
		}}
		s := New(Options{GiveUpAfter: 3})
		s.Add(server, ServiceOptions{Critical: true})
		s.Add(&fake{name: "dht", run: healthy}, ServiceOptions{})
		done := make(chan error, 1)
		go func() { done <- s.Run(t.Context()) }()
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, []State{StateBackoff, StateReady}, states(s))
		require.Equal(t, OverallFailed, s.Overall())
		require.EqualError(t, <-done, "service enroll: no luck")
		require.Equal(t, 3, server.count())
		require.Equal(t, []State{StateFailed, StateStopped}, states(s))
	})
}

func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := New(Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		s.Add(&fake{name: "turn", run: func(_ context.Context, try int, ready func()) error {
			if try == 1 {
				panic("index out of range")
			}
			panic(permanentError{})
		}}, ServiceOptions{})
		s.Add(&fake{name: "dht", run: healthy}, ServiceOptions{})
		stop := started(t, s)
		require.Equal(t, []State{StateBackoff, StateReady}, states(s))
		require.Equal(t, "panic: index out of range", s.Status()[0].Detail)
		time.Sleep(2 * time.Second)
		require.Equal(t, []State{StateFailed, StateReady}, states(s))
		require.NoError(t, stop())
		require.Contains(t, log.String(), "failure_test.go", "the log holds the stack")
	})
}
