// SPDX-License-Identifier: GPL-3.0-or-later

package node

import "jamibox/dht/wire"

// Neighbours returns the good nodes closest to our own id, at most that many of each
// address family; none if the node is not running.
func (n *Node) Neighbours(most int) (nodes []wire.Node) {
	s := n.running()
	if s == nil {
		return nil
	}
	s.begin(nil)
	defer s.end()
	for _, table := range s.tables {
		nodes = table.Closest(nodes, s.id, most, s.now)
	}
	return nodes
}
