// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

func TestClosestOfSite(t *testing.T) {
	const nodes = 5000
	table := siteTable(nodes)
	all := table.Snapshot(start)
	require.Len(t, all, nodes)
	for n := range 50 {
		target := site(nodes + n).ID
		slices.SortFunc(all, func(a, b wire.Node) int { return compare(target)(a.ID, b.ID) })
		require.Equal(t, all[:8], table.Closest(nil, target, 8, start))
	}
	require.Equal(t, Counts{Good: nodes, Buckets: table.Counts(start).Buckets}, table.Counts(start))
}

func TestClosestAppends(t *testing.T) {
	table := siteTable(3)
	first := wire.Node{ID: id(1), Addr: addr("198.51.100.1:1")}
	got := table.Closest([]wire.Node{first}, ownID, 8, start)
	require.Len(t, got, 4)
	require.Equal(t, first, got[0])
	require.Empty(t, table.Closest(nil, ownID, 0, start))
	require.Empty(t, newTable().Closest(nil, ownID, 8, start))
}

func TestAmongClosest(t *testing.T) {
	key := id(0x80) // 20 bytes that end in 0: our own id is at distance 1
	far := id(0)    // the nodes below are closer to it than we are
	for _, c := range []struct {
		name  string
		nodes int
		key   wire.ID
		want  bool
	}{
		{"kept/no other node", 0, far, true},
		{"kept/13 closer", 13, far, true},
		{"refused/14 closer", 14, far, false},
		{"refused/40 closer", 40, far, false},
		{"kept/40 farther", 40, key, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable()
			for n := range c.nodes {
				table.Answered(id(0, byte(n+1)), addr(fmt.Sprintf("192.0.2.1:%d", n+1)), false, start)
			}
			require.Equal(t, c.want, table.AmongClosest(c.key, 14, start))
			require.True(t, table.AmongClosest(c.key, 14, start.Add(goodAfterHeard)), "only good nodes count")
		})
	}
}

func TestAllocations(t *testing.T) {
	table := siteTable(5000)
	dst := make([]wire.Node, 0, 8)
	known, target, now := site(0), site(7).ID, start
	table.Due(now) // the first round of finds allocates
	for _, c := range []struct {
		name string
		deed func()
	}{
		{"closest", func() { dst = table.Closest(dst[:0], target, 8, now) }},
		{"among closest", func() { table.AmongClosest(target, 14, now) }},
		{"heard", func() { table.Heard(known.ID, known.Addr, false, now) }},
		{"answered", func() { table.Answered(known.ID, known.Addr, false, now) }},
		{"due", func() { now = now.Add(time.Millisecond); table.Due(now) }},
	} {
		require.Zero(t, testing.AllocsPerRun(100, c.deed), c.name)
	}
}

func BenchmarkClosest(b *testing.B) {
	for _, nodes := range []int{20, 200, 5000, 16000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			table := siteTable(nodes)
			var targets [1024]wire.ID
			for n := range targets {
				targets[n] = randomID(ownID, 0)
			}
			dst := make([]wire.Node, 0, 8)
			n := 0
			for b.Loop() {
				dst = table.Closest(dst[:0], targets[n%len(targets)], 8, start)
				n++
			}
		})
	}
}

func BenchmarkAmongClosest(b *testing.B) {
	table := siteTable(5000)
	for b.Loop() {
		table.AmongClosest(ownID, 14, start)
	}
}

func BenchmarkHeard(b *testing.B) {
	table, nodes := siteTable(5000), make([]wire.Node, 5000)
	for n := range nodes {
		nodes[n] = site(n)
	}
	n := 0
	for b.Loop() {
		node := &nodes[n%len(nodes)]
		table.Heard(node.ID, node.Addr, false, start)
		n++
	}
}

// BenchmarkDue is a second of upkeep for 5,000 silent nodes that answer.
func BenchmarkDue(b *testing.B) {
	table, now := siteTable(5000), start
	for b.Loop() {
		now = now.Add(time.Second)
		pings, _ := table.Due(now)
		for _, node := range pings {
			table.Answered(node.ID, node.Addr, false, now)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	nodes := make([]wire.Node, 5000)
	for n := range nodes {
		nodes[n] = site(n)
	}
	for b.Loop() {
		table := newTable()
		for _, node := range nodes {
			table.Answered(node.ID, node.Addr, false, start)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5000, "ns/node")
}
