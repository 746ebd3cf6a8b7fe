// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStopTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		stuck := func(_ context.Context, _ int, ready func()) error {
			ready()
			<-release
			return nil
		}
		first := &fake{name: "enroll", run: healthy}
		s := New(Options{StopTimeout: 9 * time.Second})
		s.Add(first, ServiceOptions{})
		s.Add(&fake{name: "turn", run: stuck}, ServiceOptions{})
		s.Add(&fake{name: "dht", run: healthy}, ServiceOptions{})
		stop := started(t, s)
		begun := time.Now()
		require.EqualError(t, stop(), "stopping turn: still running after 7.5s")
		require.Equal(t, 7500*time.Millisecond, time.Since(begun))
		require.Equal(t, []State{StateStopped, StateStopping, StateStopped}, states(s))
	})
}

func TestStopErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ending := func(err func(context.Context) error) *fake {
			return &fake{name: "turn", run: func(ctx context.Context, _ int, ready func()) error {
				ready()
				<-ctx.Done()
				return err(ctx)
			}}
		}
		s := New(Options{})
		s.Add(ending(func(context.Context) error { return errors.New("disk full") }), ServiceOptions{})
		s.Add(ending(func(ctx context.Context) error { return ctx.Err() }), ServiceOptions{})
		stop := started(t, s)
		require.EqualError(t, stop(), "stopping turn: disk full")
		require.Equal(t, []State{StateStopped, StateStopped}, states(s))
	})
}

func TestStopDuringStartAndBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := &fake{name: "metrics", run: healthy}
		s := New(Options{})
		s.Add(&fake{name: "turn", run: failing}, ServiceOptions{})
		s.Add(&fake{name: "enroll", run: func(ctx context.Context, _ int, _ func()) error {
			<-ctx.Done()
			return ctx.Err()
		}}, ServiceOptions{Critical: true})
		s.Add(last, ServiceOptions{})
		stop := started(t, s)
		require.Equal(t, []State{StateBackoff, StateStarting, StateStopped}, states(s))
		require.NoError(t, stop())
		require.Zero(t, last.count())
		require.Equal(t, []State{StateStopped, StateStopped, StateStopped}, states(s))
	})
}

// probed is a healthy service with a scripted check.
type probed struct {
	fake
	check func(context.Context) error
}

func (p *probed) Check(ctx context.Context) error { return p.check(ctx) }

func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var trouble atomic.Pointer[func(context.Context) error]
		set := func(f func(context.Context) error) { trouble.Store(&f) }
		fell := make(chan struct{})
		node := &probed{check: func(ctx context.Context) error { return (*trouble.Load())(ctx) }}
		node.name = "dht"
		node.run = func(ctx context.Context, _ int, ready func()) error {
			ready()
			select {
			case <-ctx.Done():
				return nil
			case <-fell:
				return errors.New("killed")
			}
		}
		s := New(Options{CheckEvery: 10 * time.Second, CheckTimeout: 2 * time.Second, FirstDelay: 5 * time.Second})
		s.Add(node, ServiceOptions{Critical: true})
		set(func(context.Context) error { return errors.New("no answer to ping") })
		stop := started(t, s)
		require.Equal(t, []State{StateReady}, states(s))
		time.Sleep(11 * time.Second)
		require.Equal(t, []State{StateDegraded}, states(s))
		require.Equal(t, "no answer to ping", s.Status()[0].Detail)
		require.Equal(t, OverallDegraded, s.Overall())
		require.False(t, s.Ready())

		set(func(context.Context) error { panic("bad probe") })
		time.Sleep(10 * time.Second)
		require.Equal(t, "panic: bad probe", s.Status()[0].Detail)

		set(func(context.Context) error { return nil })
		time.Sleep(10 * time.Second)
		require.Equal(t, []State{StateReady}, states(s))
		require.Empty(t, s.Status()[0].Detail)

		hang := func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
		set(hang)
		time.Sleep(12 * time.Second)
		require.Equal(t, []State{StateDegraded}, states(s))
		require.Equal(t, context.DeadlineExceeded.Error(), s.Status()[0].Detail)

		time.Sleep(8 * time.Second) // into the next hanging probe
		close(fell)
		synctest.Wait()
		require.Equal(t, []State{StateBackoff}, states(s), "a hanging probe must not hide a fall")
		require.NoError(t, stop())
	})
}

func TestStatusJSON(t *testing.T) {
	got, err := json.Marshal(Status{Name: "dht", State: StateReady, Restarts: 2, Since: time.Unix(0, 0).UTC()})
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"dht","state":"ready","since":"1970-01-01T00:00:00Z","detail":"","restarts":2,"critical":false}`, string(got))
}
