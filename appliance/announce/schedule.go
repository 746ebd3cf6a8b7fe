// SPDX-License-Identifier: GPL-3.0-or-later

package announce

import (
	"time"

	"jamibox/enroll/store"
)

const (
	// every is a minute less than the life of the values.
	every = 9 * time.Minute
	// firstRetry is the pause after a put that failed or reached nobody else. It
	// doubles each time.
	firstRetry = 10 * time.Second
)

// list is the revocation list of an account.
type list struct {
	devices int
	due     time.Time
	retry   time.Duration // 0 if the last put reached other nodes
	der     []byte        // nil until it is made, and again when it has changed
	busy    bool          // being put
	stands  bool          // the last put succeeded
	err     error         // of the last put
}

// schedule holds the lists by account id. The zero schedule knows none.
type schedule struct {
	lists map[string]*list
}

// learn takes over which accounts have lists. New lists and those that have
// changed come before all others, except on a start, when all are new.
func (s *schedule) learn(accounts []store.RevokingAccount, now time.Time) {
	known := s.lists
	due := time.Time{}
	if known == nil {
		due = now
	}
	s.lists = make(map[string]*list, len(accounts))
	for _, a := range accounts {
		l := known[a.AccountID]
		switch {
		case l == nil:
			l = &list{devices: a.Devices, due: due}
		case l.devices != a.Devices:
			l.devices, l.due, l.der = a.Devices, due, nil
		}
		s.lists[a.AccountID] = l
	}
}

// next returns the list that is due first, nil if there is none.
func (s *schedule) next() (accountID string, first *list) {
	for id, l := range s.lists {
		if !l.busy && (first == nil || l.due.Before(first.due)) {
			accountID, first = id, l
		}
	}
	return accountID, first
}

// begin notes that the list is being put.
func (l *list) begin(now time.Time) {
	l.busy, l.due = true, now.Add(every)
}

// done notes what became of a put. A list that reached only the box's own node
// is tried again soon: after a start others are still to be met.
func (l *list) done(r result, now time.Time) {
	l.busy, l.stands, l.err = false, r.err == nil, r.err
	if l.devices == r.devices {
		l.der = r.der
	}
	if r.err == nil && r.nodes > 0 {
		l.retry = 0
		return
	}
	l.retry = min(max(2*l.retry, firstRetry), every)
	l.due = earlier(l.due, now.Add(l.retry))
}
