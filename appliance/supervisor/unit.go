// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// unit is one supervised service.
type unit struct {
	s       *Supervisor
	service Service
	opts    ServiceOptions
	log     *slog.Logger
	status  Status // guarded by s.mu

	cancel   context.CancelFunc // set by start
	tried    chan struct{}      // closed when the next unit may start
	tryOnce  sync.Once
	ended    chan struct{} // closed when the service will not run again
	endedErr error         // what Run returned on stop; read after ended
}

func newUnit(s *Supervisor, service Service, o ServiceOptions) *unit {
	return &unit{
		s: s, service: service, opts: o,
		log: s.opts.Logger.With("service", service.Name()),
		status: Status{
			Name: service.Name(), State: StateStopped, Since: time.Now().UTC(),
			Detail: "not started yet", Critical: o.Critical,
		},
		tried: make(chan struct{}),
		ended: make(chan struct{}),
	}
}

func (u *unit) start(ctx context.Context, fail func(error)) {
	ctx, u.cancel = context.WithCancel(ctx)
	go func() {
		defer close(u.ended)
		defer u.firstTryDone()
		if err := u.supervise(ctx); err != nil {
			u.log.Error("critical service failed", failureAttrs(err)...)
			u.s.set(u, StateFailed, err.Error())
			fail(fmt.Errorf("service %s: %w", u.service.Name(), err))
			return
		}
		u.s.set(u, StateStopped, "")
		u.log.Info("service stopped")
	}()
}

func (u *unit) firstTryDone() { u.tryOnce.Do(func() { close(u.tried) }) }

// supervise runs the service again and again until ctx is done. It returns an
// error if the service is critical and failed for good.
func (u *unit) supervise(ctx context.Context) error {
	if !u.wait(ctx) {
		return nil
	}
	everReady := false
	for failures := 0; ; {
		readyFor, err := u.try(ctx)
		if ctx.Err() != nil {
			if !errors.Is(err, context.Canceled) {
				u.endedErr = err
			}
			return nil
		}
		if err == nil {
			err = errEnded
		}
		if readyFor >= u.s.opts.StableAfter {
			failures = 0
		}
		failures++
		everReady = everReady || readyFor > 0
		givenUp := permanent(err) || failures >= u.s.opts.GiveUpAfter
		if u.opts.Critical && (givenUp || !everReady) {
			return err
		}
		if !u.pause(ctx, err, failures, givenUp) {
			return nil
		}
		u.s.countRestart(u)
	}
}

// wait holds the service back as its options say; false if ctx is done first.
func (u *unit) wait(ctx context.Context) bool {
	if u.opts.Wait == nil {
		return true
	}
	select {
	case <-u.opts.Wait:
		return true
	default:
	}
	u.s.set(u, StateWaiting, u.opts.WaitDetail)
	u.log.Info("service waits", "for", u.opts.WaitDetail)
	u.firstTryDone()
	select {
	case <-u.opts.Wait:
		return true
	case <-ctx.Done():
		return false
	}
}

// pause shows the failure and lets the delay pass; false if ctx is done first.
func (u *unit) pause(ctx context.Context, err error, failures int, givenUp bool) bool {
	state, delay := StateBackoff, u.s.opts.delay(failures)
	if givenUp {
		state, delay = StateFailed, jitter(u.s.opts.MaxDelay)
	}
	first := u.s.state(u) != state
	u.s.set(u, state, err.Error())
	attrs := append(failureAttrs(err), "failures", failures, "retry_in", delay)
	switch {
	case !givenUp:
		u.log.Warn("service failed, restarting", attrs...)
	case first:
		u.log.Error("service failed for good, retrying slowly", attrs...)
	default:
		u.log.Debug("service still fails", attrs...)
	}
	u.firstTryDone()

	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// stop tells the service to end and waits for it.
func (u *unit) stop(timeout time.Duration) error {
	select {
	case <-u.ended:
		return u.endedErr // failed for good before; that is its last state
	default:
	}
	u.s.set(u, StateStopping, "")
	u.cancel()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-u.ended:
		return u.endedErr
	case <-timer.C:
		err := fmt.Errorf("still running after %s", timeout.Round(time.Millisecond))
		u.log.Error("service did not stop in time", "err", err)
		return err
	}
}
