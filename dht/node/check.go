// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	"context"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

const (
	// checkers is how many values are checked at the same time.
	checkers = 2
	// maxJobs and maxJobBytes bound the values that wait to be checked.
	maxJobs     = 1024
	maxJobBytes = 16 << 20
)

// job is a value that is to be checked out of turn, then stored.
type job struct {
	put   put
	value wire.Value
}

// slow reports whether checking the value takes so long that others should not
// have to wait.
func slow(v *wire.Value) bool {
	return v.Signed() || v.Type == wire.TypeCertificate
}

// check has the value stored as soon as it was checked. If too many wait, it is
// dropped: the writer repeats itself.
func (s *server) check(p *put, v *wire.Value) {
	if s.checking+len(v.Packed) > maxJobBytes || len(s.jobs) == cap(s.jobs) {
		s.counts.unchecked++
		s.confirm(p, v.ID)
		return
	}
	kept, err := wire.ParseValue(bytes.Clone(v.Packed))
	if err != nil {
		// It was readable a moment ago, so this does not happen.
		s.counts.unreadable++
		return
	}
	s.checking += len(v.Packed)
	// Only turns send, so there is still room.
	s.jobs <- &job{put: *p, value: kept}
}

// checkValues works off what check has put aside, out of turn.
func (s *server) checkValues(ctx context.Context) error {
	out := newOutbox(s)
	for {
		select {
		case <-ctx.Done():
			return nil
		case j := <-s.jobs:
			checked := storage.Check(&j.value)
			s.begin(out)
			s.finish(j, &checked)
			s.end()
			out.flush()
		}
	}
}

// finish stores a value that was checked out of turn.
func (s *server) finish(j *job, checked *storage.Checked) {
	s.checking -= len(j.value.Packed)
	s.store.Put(j.put.key, checked, j.put.created, j.put.from.Addr(), s.now)
	s.confirm(&j.put, j.value.ID)
}
