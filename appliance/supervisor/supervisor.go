// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Supervisor runs services. It is made by New.
type Supervisor struct {
	opts Options

	mu      sync.Mutex
	units   []*unit       // guarded by mu until Run, fixed from then on; each status guarded by mu
	changed chan struct{} // guarded by mu
}

// New returns a Supervisor without services.
func New(o Options) *Supervisor {
	return &Supervisor{opts: o.withDefaults(), changed: make(chan struct{})}
}

// Add appends a service to the order of birth. It must not be called once Run
// was.
func (s *Supervisor) Add(service Service, o ServiceOptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units = append(s.units, newUnit(s, service, o))
}

// Run starts the services in order of Add, each when the one before is ready,
// waiting, or has failed its first try, and keeps them running until ctx is done
// or a critical service fails for good. Then it stops them in reverse order. It
// returns nil after a clean stop; the error names the critical service that
// failed and those that did not stop as they should. It must be called once.
func (s *Supervisor) Run(ctx context.Context) error {
	running, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// Services outlive ctx for the moments of an orderly stop.
	services := context.WithoutCancel(ctx)

	started := 0
	for _, u := range s.units {
		if running.Err() != nil {
			break
		}
		u.start(services, fail)
		started++
		s.awaitFirstTry(running, u)
	}
	<-running.Done()

	failure := context.Cause(running)
	if errors.Is(failure, context.Cause(ctx)) {
		failure = nil // we were told to end
	}
	return errors.Join(failure, s.stop(s.units[:started]))
}

func (s *Supervisor) awaitFirstTry(ctx context.Context, u *unit) {
	slow := time.NewTimer(s.opts.StartTimeout)
	defer slow.Stop()
	select {
	case <-u.tried:
	case <-ctx.Done():
	case <-slow.C:
		u.log.Warn("service start is slow, going on with the next", "after", s.opts.StartTimeout)
	}
}

// stop ends the units, last first. Each may take what is left of the time, but
// for a sixth of the whole that is kept for each unit after it: most end at
// once, and a child process may need several seconds.
func (s *Supervisor) stop(units []*unit) error {
	var errs []error
	deadline := time.Now().Add(s.opts.StopTimeout)
	for i := len(units) - 1; i >= 0; i-- {
		share := time.Until(deadline) - time.Duration(i)*s.opts.StopTimeout/6
		if err := units[i].stop(share); err != nil {
			errs = append(errs, fmt.Errorf("stopping %s: %w", units[i].service.Name(), err))
		}
	}
	return errors.Join(errs...)
}
