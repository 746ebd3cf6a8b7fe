// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"time"
)

const (
	// tick is how often what is due is looked at.
	tick = 100 * time.Millisecond
	// tablesPause lies between two looks at the routing tables.
	tablesPause = time.Second
	// recallBatch is how many nodes of an earlier run are pinged in a tick: half
	// of what the tables allow, so that newcomers are pinged, too.
	recallBatch = 50
)

// keepTime does what is due at some time, until ctx is done.
func (s *server) keepTime(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	out := newOutbox(s)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		s.begin(out)
		s.repeat()
		for _, a := range s.messages.overdue(s.now) {
			s.lose(a)
		}
		s.maintain()
		s.recall()
		s.end()
		out.flush()
		s.expire(out)
	}
}

// maintain asks whom the routing tables want to be asked.
func (s *server) maintain() {
	if s.now.Before(s.tablesDue) {
		return
	}
	s.tablesDue = s.now.Add(tablesPause)
	for _, table := range s.tables {
		pings, finds := table.Due(s.now)
		for _, other := range pings {
			s.ping(other.Addr, nil)
		}
		for _, f := range finds {
			s.find(f.Node.Addr, f.Target, nil)
		}
	}
}

// recall pings some of the nodes that were known to an earlier run.
func (s *server) recall() {
	n := min(recallBatch, len(s.recalled))
	for _, other := range s.recalled[:n] {
		s.told(other)
	}
	if s.recalled = s.recalled[n:]; len(s.recalled) == 0 {
		s.recalled = nil
	}
}

// expire drops values and listeners whose time is over, in as many turns as it
// takes.
func (s *server) expire(out *outbox) {
	for more := true; more; {
		s.begin(out)
		next := s.store.Expire(s.now)
		more = !next.IsZero() && !next.After(s.now)
		s.end()
		out.flush()
	}
}
