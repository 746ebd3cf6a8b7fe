// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"slices"
	"strings"
	"sync"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/directory/ldapclient"
)

const (
	maxTraces     = 500
	maxTraceLogin = 128
)

// LoginTrace is what was done for one login, for an administrator. There are no
// passwords in it.
type LoginTrace struct {
	At     time.Time     `json:"at"`
	Login  string        `json:"login"`
	Remote string        `json:"remote"`
	Asked  []SourceTrace `json:"asked"`
	// Verdict is in words; empty while the login goes on.
	Verdict string `json:"verdict"`
}

// SourceTrace is what one source was asked for a login.
type SourceTrace struct {
	Source string            `json:"source"`
	Result string            `json:"result"`
	Steps  []ldapclient.Step `json:"steps"`
}

// traceLog keeps the newest traces. It is safe for concurrent use.
type traceLog struct {
	mu   sync.Mutex
	ring []LoginTrace // guarded by mu; oldest at next once it is full
	next int          // guarded by mu
}

func newTraceLog() *traceLog { return &traceLog{ring: make([]LoginTrace, 0, maxTraces)} }

func (t *traceLog) add(trace LoginTrace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ring) < maxTraces {
		t.ring = append(t.ring, trace)
		return
	}
	t.ring[t.next] = trace
	t.next = (t.next + 1) % maxTraces
}

// Traces returns what was done for the newest logins, newest first. Unless it
// is empty, login restricts them to those in which the text occurs.
func (r *Registry) Traces(login string, limit int) []LoginTrace {
	folded := account.Fold(login)
	t := r.traces
	t.mu.Lock()
	list := slices.Concat(t.ring[t.next:], t.ring[:t.next])
	t.mu.Unlock()
	slices.Reverse(list)
	list = slices.DeleteFunc(list, func(l LoginTrace) bool { return !strings.Contains(account.Fold(l.Login), folded) })
	return list[:min(len(list), limit)]
}

// clip bounds what a stranger can have remembered.
func clip(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if runes := []rune(text); len(runes) > maxTraceLogin {
		return string(runes[:maxTraceLogin]) + "..."
	}
	return text
}
