// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"sync"
	"time"
)

// Trace collects what was done for one login, for the administrator who wants
// to know why it did not work. A nil *Trace collects nothing. It never holds a
// password. It is safe for concurrent use.
type Trace struct {
	mu    sync.Mutex
	steps []Step
}

// Step is one thing that was done.
type Step struct {
	At   time.Time     `json:"at"`
	Took time.Duration `json:"took"`
	// What was done, such as "search", and on which server or with which
	// filter: Detail.
	What   string `json:"what"`
	Detail string `json:"detail,omitempty"`
	// Result is in words; OK tells whether it was what one hopes for.
	Result string `json:"result"`
	OK     bool   `json:"ok"`
}

// Steps returns what was done so far, in order.
func (t *Trace) Steps() []Step {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Step(nil), t.steps...)
}

// Add notes a step that began at the time and ends now. Nothing secret may be
// in the texts.
func (t *Trace) Add(began time.Time, ok bool, what, detail, result string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, Step{At: began, Took: time.Since(began), What: what, Detail: detail, Result: result, OK: ok})
}
