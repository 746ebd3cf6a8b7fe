// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

func TestReach(t *testing.T) {
	for _, nodes := range []int{1, 8, 9, 100, 5000} {
		table := siteTable(nodes)
		excluded, far := 0, 0
		for n := range 20 {
			node := site(n * nodes / 20)
			reach := table.Reach(node.ID, 8, start)
			require.False(t, reach.Excludes(node.ID))
			for k := range 200 {
				key := randomID(node.ID, k%14)
				among := slices.ContainsFunc(table.Closest(nil, key, 8, start), func(c wire.Node) bool { return c.ID == node.ID })
				if reach.Excludes(key) {
					excluded++
					require.False(t, among)
				}
				if !among {
					far++
				}
			}
		}
		t.Logf("of %d nodes it excludes %d of %d", nodes, excluded, far)
		require.True(t, nodes < 100 || 10*excluded >= 7*far)
		require.False(t, table.Reach(site(0).ID, 8, start.Add(goodAfterHeard)).Excludes(site(1).ID), "only good nodes count")
	}
}
