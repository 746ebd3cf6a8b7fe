// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a service whose runs are scripted.
type fake struct {
	name string
	run  func(ctx context.Context, try int, ready func()) error

	mu    sync.Mutex
	tries []time.Time
}

func (f *fake) Name() string { return f.name }

func (f *fake) Run(ctx context.Context, ready func()) error {
	f.mu.Lock()
	f.tries = append(f.tries, time.Now())
	try := len(f.tries)
	f.mu.Unlock()
	return f.run(ctx, try, ready)
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.tries)
}

func healthy(ctx context.Context, _ int, ready func()) error {
	ready()
	<-ctx.Done()
	return nil
}

func failing(context.Context, int, func()) error { return errors.New("no luck") }

// started runs s in the bubble; the returned function ends it.
func started(t *testing.T, s *Supervisor) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	synctest.Wait()
	return func() error {
		cancel()
		return <-done
	}
}

func states(s *Supervisor) []State {
	var all []State
	for _, st := range s.Status() {
		all = append(all, st.State)
	}
	return all
}

func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []string // written by one service at a time, or the test is wrong and -race says so
		s := New(Options{})
		for _, name := range []string{"enroll", "turn", "dht"} {
			s.Add(&fake{name: name, run: func(ctx context.Context, _ int, ready func()) error {
				time.Sleep(time.Second) // fake clock
				events = append(events, "+"+name)
				ready()
				<-ctx.Done()
				time.Sleep(time.Second)
				events = append(events, "-"+name)
				return nil
			}}, ServiceOptions{})
		}
		require.False(t, s.Ready())
		stop := started(t, s)
		require.Equal(t, []State{StateStarting, StateStopped, StateStopped}, states(s))
		require.Equal(t, OverallDegraded, s.Overall())
		time.Sleep(4 * time.Second)
		require.Equal(t, []State{StateReady, StateReady, StateReady}, states(s))
		require.Equal(t, OverallOK, s.Overall())
		require.True(t, s.Ready())
		require.NoError(t, stop())
		require.Equal(t, []string{"+enroll", "+turn", "+dht", "-dht", "-turn", "-enroll"}, events)
		require.Equal(t, []State{StateStopped, StateStopped, StateStopped}, states(s))
	})
}

func TestFailingServiceDoesNotStopTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		s.Add(&fake{name: "turn", run: failing}, ServiceOptions{})
		s.Add(&fake{name: "dht", run: healthy}, ServiceOptions{Critical: true})
		stop := started(t, s)
		require.Equal(t, []State{StateBackoff, StateReady}, states(s))
		require.Equal(t, "no luck", s.Status()[0].Detail)
		require.Equal(t, OverallDegraded, s.Overall())
		require.NoError(t, stop())
	})
}

func TestSlowStartDoesNotStopTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{StartTimeout: 10 * time.Second})
		s.Add(&fake{name: "turn", run: func(ctx context.Context, _ int, _ func()) error {
			<-ctx.Done()
			return nil
		}}, ServiceOptions{})
		s.Add(&fake{name: "dht", run: healthy}, ServiceOptions{})
		stop := started(t, s)
		time.Sleep(11 * time.Second)
		require.Equal(t, []State{StateStarting, StateReady}, states(s))
		require.NoError(t, stop())
	})
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		setUp := make(chan struct{})
		relay := &fake{name: "turn", run: healthy}
		s := New(Options{})
		s.Add(relay, ServiceOptions{Wait: setUp, WaitDetail: "waits for the set-up"})
		s.Add(&fake{name: "enroll", run: healthy}, ServiceOptions{})
		stop := started(t, s)
		require.Equal(t, []State{StateWaiting, StateReady}, states(s))
		require.Equal(t, "waits for the set-up", s.Status()[0].Detail)
		require.True(t, s.Ready())
		require.Zero(t, relay.count())

		close(setUp)
		synctest.Wait()
		require.Equal(t, []State{StateReady, StateReady}, states(s))
		require.Empty(t, s.Status()[0].Detail)
		require.NoError(t, stop())
	})
	t.Run("stopped while waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{})
			s.Add(&fake{name: "turn", run: healthy}, ServiceOptions{Wait: make(chan struct{})})
			stop := started(t, s)
			require.NoError(t, stop())
			require.Equal(t, []State{StateStopped}, states(s))
		})
	})
}

func TestChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		s.Add(&fake{name: "dht", run: healthy}, ServiceOptions{})
		var seen []State
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			for {
				changed := s.Changed()
				if now := states(s)[0]; len(seen) == 0 || seen[len(seen)-1] != now {
					seen = append(seen, now)
				}
				if slices.Contains(seen, StateReady) && seen[len(seen)-1] == StateStopped {
					return
				}
				<-changed
			}
		}()
		stop := started(t, s)
		require.NoError(t, stop())
		<-watched
		require.Contains(t, seen, StateReady)
	})
}
