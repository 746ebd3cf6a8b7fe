// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"context"
	"errors"
)

// Service is one long-running part of the box.
type Service interface {
	// Name is the short constant word that states, logs and errors show.
	Name() string
	// Run listens, calls ready once, and blocks. When ctx is done it drains and
	// returns nil. It may be called again after it returned.
	Run(ctx context.Context, ready func()) error
}

// Checker is a Service that can prove that it works.
type Checker interface {
	// Check probes the running service and returns what is wrong, or nil. It
	// runs beside Run, only while the service is ready, and must heed ctx.
	Check(ctx context.Context) error
}

// ServiceOptions says how one service is treated. The zero value is a service
// that starts in its turn and may fail without taking the box down.
type ServiceOptions struct {
	// Critical services end Run when they fail for good or at their first start.
	Critical bool
	// Wait holds the service back, without holding back the next ones, until
	// the channel is closed. Nil: no waiting.
	Wait <-chan struct{}
	// WaitDetail tells an admin what the service waits for.
	WaitDetail string
}

var errEnded = errors.New("ended without being told to")

// permanent reports whether trying again soon is pointless, because an error in
// err's chain has a method Permanent() bool that returns true. A method and not
// a value of this package, so that services need not import it.
func permanent(err error) bool {
	p, ok := errors.AsType[interface {
		error
		Permanent() bool
	}](err)
	return ok && p.Permanent()
}
