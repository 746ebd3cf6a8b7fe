// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"errors"
	"sync"
	"time"

	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
)

// The states of a source.
const (
	// StateUnknown is one that was not asked anything yet.
	StateUnknown  = "unknown"
	StateUp       = "up"
	StateDown     = "down"
	StateDisabled = "disabled"
)

// leftAlone is for how long logins do not wait for a directory that just
// failed: the probe looks after it meanwhile.
const leftAlone = 10 * time.Second

// health is what is known about the state of a source. It outlives a change of
// the order of the sources, not one of their settings. It is safe for
// concurrent use.
type health struct {
	mu        sync.Mutex
	state     string    // guarded by mu
	since     time.Time // guarded by mu
	lastError string    // guarded by mu; stays when the source is up again
	errorAt   time.Time // guarded by mu
	lastLogin time.Time // guarded by mu
}

func newHealth(now time.Time) *health { return &health{state: StateUnknown, since: now} }

// note takes what asking the directory came to. What it says of a person is an
// answer as well.
func (h *health) note(err error, now time.Time) {
	if unavailable, ok := errors.AsType[*ldapclient.Unavailable](err); ok {
		h.failed(unavailable.Reason, now)
		return
	}
	if misconfigured, ok := errors.AsType[*ldapclient.Misconfigured](err); ok {
		h.failed(misconfigured.Reason, now)
		return
	}
	if err == nil || answered(err) {
		h.answered(now)
	}
}

// answered tells whether err is an answer of the directory.
func answered(err error) bool {
	_, refused := errors.AsType[*ldapclient.Refused](err)
	// What cannot be a login was not asked for.
	unknown := errors.Is(err, ldapclient.ErrUnknown) && !errors.Is(err, source.ErrLogin)
	return refused || unknown || errors.Is(err, ldapclient.ErrAmbiguous)
}

func (h *health) failed(reason string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.become(StateDown, now)
	h.lastError, h.errorAt = reason, now
}

func (h *health) answered(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.become(StateUp, now)
}

// become changes the state; h.mu is held.
func (h *health) become(state string, now time.Time) {
	if h.state != state {
		h.state, h.since = state, now
	}
}

func (h *health) loggedIn(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastLogin = now
}

// leave returns why the source is to be left alone at the moment, or "".
func (h *health) leave(now time.Time) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == StateDown && now.Sub(h.errorAt) < leftAlone {
		return h.lastError
	}
	return ""
}

// Health is the state of a source for an administrator.
type Health struct {
	// State is "unknown", "up", "down" or "disabled".
	State string `json:"state"`
	// Since is when the source came into this state, or was loaded.
	Since time.Time `json:"since"`
	// LastError is in words; it stays when the source is up again.
	LastError   string     `json:"last_error"`
	LastErrorAt *time.Time `json:"last_error_at"`
	LastLogin   *time.Time `json:"last_login"`
}

func (h *health) show() Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Health{
		State: h.state, Since: h.since.UTC(), LastError: h.lastError,
		LastErrorAt: unlessZero(h.errorAt), LastLogin: unlessZero(h.lastLogin),
	}
}

func unlessZero(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
