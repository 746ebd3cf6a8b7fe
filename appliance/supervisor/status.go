// SPDX-License-Identifier: GPL-3.0-or-later

package supervisor

import "time"

// State is where a service stands.
type State string

// The states of a service.
const (
	StateWaiting  State = "waiting"  // held back, for instance until the set-up
	StateStarting State = "starting" // Run was called, ready was not yet
	StateReady    State = "ready"
	StateDegraded State = "degraded" // running, but its probe fails
	StateBackoff  State = "backoff"  // failed, the next try is near
	StateFailed   State = "failed"   // given up; tried again now and then unless critical
	StateStopping State = "stopping"
	StateStopped  State = "stopped" // not started yet, or ended as asked
)

// The answers of Overall.
const (
	OverallOK       = "ok"
	OverallDegraded = "degraded"
	OverallFailed   = "failed"
)

// Status is what is known about one service at one moment.
type Status struct {
	Name     string    `json:"name"`
	State    State     `json:"state"`
	Since    time.Time `json:"since"`  // UTC, start of State
	Detail   string    `json:"detail"` // why, for an admin; may be empty
	Restarts int       `json:"restarts"`
	Critical bool      `json:"critical"`
}

// Status returns the status of each service in order of Add. It is safe for
// concurrent use.
func (s *Supervisor) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Status, len(s.units))
	for i, u := range s.units {
		all[i] = u.status
	}
	return all
}

// Overall sums up Status: OverallFailed if a critical service is down after a
// failure, OverallOK if each service is ready or waiting, OverallDegraded
// otherwise, also while starting and stopping. It is safe for concurrent use.
func (s *Supervisor) Overall() string {
	overall := OverallOK
	for _, st := range s.Status() {
		switch st.State {
		case StateReady, StateWaiting:
		case StateFailed, StateBackoff:
			if st.Critical {
				return OverallFailed
			}
			overall = OverallDegraded
		default:
			overall = OverallDegraded
		}
	}
	return overall
}

// Ready reports whether each service is ready or waiting. It is safe for
// concurrent use.
func (s *Supervisor) Ready() bool { return s.Overall() == OverallOK }

// Changed returns a channel that is closed at the next change of any status.
// Call it before Status, so that no change falls in between. It is safe for
// concurrent use.
func (s *Supervisor) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// set records a change of u's status.
func (s *Supervisor) set(u *unit, state State, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch u.status.State {
	case StateStopping:
		if state != StateStopped && state != StateFailed {
			return // the service had not noticed yet that it must stop
		}
	case StateFailed:
		if u.opts.Critical {
			return // it will not run again, which the stop must not hide
		}
	}
	if u.status.State != state {
		u.status.State, u.status.Since = state, time.Now().UTC()
	}
	u.status.Detail = detail
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Supervisor) countRestart(u *unit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.status.Restarts++
}

func (s *Supervisor) state(u *unit) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return u.status.State
}
