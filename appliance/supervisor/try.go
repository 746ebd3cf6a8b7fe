// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// try runs the service once and probes it while it is ready. It returns how long
// the service was ready (0: never) and what Run returned.
func (u *unit) try(ctx context.Context) (readyFor time.Duration, err error) {
	// A given-up service stays visibly failed until a retry succeeds.
	if u.s.state(u) != StateFailed {
		u.s.set(u, StateStarting, "")
	}
	u.log.Debug("service starting")

	ready, done := make(chan struct{}), make(chan error, 1)
	up := sync.OnceFunc(func() { close(ready) })
	probes, endProbes := context.WithCancel(ctx)
	defer endProbes()
	go func() {
		// A probe must not hold up the notice that the service fell.
		defer endProbes()
		done <- recovered(func() error { return u.service.Run(ctx, up) })
	}()

	select {
	case err := <-done:
		return 0, err
	case <-ready:
	}
	since := time.Now()
	u.s.set(u, StateReady, "")
	u.log.Info("service ready")
	u.firstTryDone()
	u.probe(probes)

	err = <-done
	return max(time.Since(since), 1), err
}

// probe runs the service's check, if it has one, until ctx is done.
func (u *unit) probe(ctx context.Context) {
	checker, ok := u.service.(Checker)
	if !ok {
		return
	}
	ticker := time.NewTicker(u.s.opts.CheckEvery)
	defer ticker.Stop()
	for failing := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := recovered(func() error {
			ctx, cancel := context.WithTimeout(ctx, u.s.opts.CheckTimeout)
			defer cancel()
			return checker.Check(ctx)
		})
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			u.s.set(u, StateDegraded, err.Error())
			if !failing {
				u.log.Warn("service degraded", "err", err)
			}
		case failing:
			u.s.set(u, StateReady, "")
			u.log.Info("service works again")
		}
		failing = err != nil
	}
}

// panicError is a recovered panic. The stack is kept out of the message, which
// an admin reads.
type panicError struct {
	value any
	stack string
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func (p *panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// failureAttrs returns the log attributes of a failure.
func failureAttrs(err error) []any {
	attrs := []any{"err", err}
	if p, ok := errors.AsType[*panicError](err); ok {
		attrs = append(attrs, "stack", p.stack)
	}
	return attrs
}

func recovered(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: string(debug.Stack())}
		}
	}()
	return f()
}
