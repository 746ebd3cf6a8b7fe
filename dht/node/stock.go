// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"iter"
	"runtime"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

// stockPiece is how many stored values are copied in one turn, in a fraction of a
// millisecond.
const stockPiece = 256

// stock yields all stored values, or those of the keys that are wanted, unless wanted
// is nil: the next few, or none, after each of the turns that it takes, in which it
// asks what is wanted. It is iterated out of turn, however long that lasts. A piece is good until
// the next one; what changes meanwhile may be left out.
func (s *server) stock(wanted func(key wire.ID) bool) iter.Seq[[]storage.Kept] {
	return func(yield func([]storage.Kept) bool) {
		s.begin(nil)
		for piece := range s.store.Snapshot(s.now, stockPiece, wanted) {
			s.end()
			more := yield(piece)
			// Whoever waits would else get the turn after a millisecond only.
			runtime.Gosched()
			s.begin(nil)
			if !more {
				break
			}
		}
		s.end()
	}
}
