// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"time"

	"jamibox/dht/wire"
)

// Reach tells of most keys, without the table, that a node is not among the
// closest to them.
type Reach struct {
	id wire.ID
	// beyond holds, by the number of leading bits that a key shares with the id,
	// whether enough nodes share more of them with the key.
	beyond [idBits + 1]bool
}

// Reach returns the keys that a node is not among the n good nodes closest to, as
// the table is now. It looks at all nodes.
func (t *Table) Reach(id wire.ID, n int, now time.Time) *Reach {
	at := now.Sub(t.epoch)
	// Nodes that part from the id at the same bit as a key are closer to the key.
	var parting [idBits + 1]int
	t.trie.walk(&id, func(r *record) bool {
		if r.good(at) {
			parting[sharedBits(&id, &r.node.ID)]++
		}
		return true
	})
	reach := &Reach{id: id}
	for shared := range idBits {
		reach.beyond[shared] = parting[shared] >= n
	}
	return reach
}

// Excludes reports whether the key is beyond the node's reach. One that is not may
// be so all the same.
func (r *Reach) Excludes(key wire.ID) bool { return r.beyond[sharedBits(&r.id, &key)] }
