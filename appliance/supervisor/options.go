// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import (
	"cmp"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Options tunes a Supervisor. A zero field takes its default.
type Options struct {
	// Logger gets one line for each change of state. Nil: none.
	Logger *slog.Logger
	// FirstDelay is the pause after the first failure, doubled with each
	// further one (default 1 s).
	FirstDelay time.Duration
	// MaxDelay bounds the pause and spaces the tries of a service that was
	// given up (default 1 min).
	MaxDelay time.Duration
	// GiveUpAfter is the number of failures in a row after which a service
	// counts as failed (default 5).
	GiveUpAfter int
	// StableAfter is how long a service must have been ready for its earlier
	// failures to be forgotten (default 1 min).
	StableAfter time.Duration
	// StartTimeout is how long one slow start may hold back the next service
	// (default 15 s). The slow one goes on starting.
	StartTimeout time.Duration
	// StopTimeout bounds the stopping of all services together (default 9 s,
	// to end within the 10 s that an admin waits).
	StopTimeout time.Duration
	// CheckEvery spaces the probes of a ready service (default 15 s).
	CheckEvery time.Duration
	// CheckTimeout bounds one probe (default 5 s).
	CheckTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.FirstDelay = cmp.Or(o.FirstDelay, time.Second)
	o.MaxDelay = cmp.Or(o.MaxDelay, time.Minute)
	o.GiveUpAfter = cmp.Or(o.GiveUpAfter, 5)
	o.StableAfter = cmp.Or(o.StableAfter, time.Minute)
	o.StartTimeout = cmp.Or(o.StartTimeout, 15*time.Second)
	o.StopTimeout = cmp.Or(o.StopTimeout, 9*time.Second)
	o.CheckEvery = cmp.Or(o.CheckEvery, 15*time.Second)
	o.CheckTimeout = cmp.Or(o.CheckTimeout, 5*time.Second)
	return o
}

// delay returns the pause after the given number of failures in a row (from 1).
func (o Options) delay(failures int) time.Duration {
	d := o.FirstDelay
	for i := 1; i < failures && d < o.MaxDelay; i++ {
		d *= 2
	}
	return jitter(min(d, o.MaxDelay))
}

// jitter shortens d by up to a fifth, so that services that fell together do
// not come back in step. It never exceeds d.
func jitter(d time.Duration) time.Duration {
	return d - rand.N(d/5+1)
}
