// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jamibox/dht/wire"
)

// TestTableInvariants plays whatever a network may do, and looks after each step
// whether the parts of the table agree and its bounds hold.
func TestTableInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{
			Nodes:           rapid.IntRange(1, 12).Draw(t, "nodes"),
			NodesPerAddress: rapid.IntRange(1, 8).Draw(t, "nodes per address"),
			Pings:           rapid.IntRange(1, 5).Draw(t, "pings"),
		}
		table, now := New(ownID, cfg, start), start
		ids := rapid.SampledFrom([]wire.ID{
			{}, ownID, id(1), id(2), id(0x40), id(0x41), id(0x80), id(0x81), id(0xff),
		})
		addrs := rapid.Custom(func(t *rapid.T) netip.AddrPort {
			return netip.AddrPortFrom(
				netip.AddrFrom4([4]byte{192, 0, 2, rapid.ByteRange(1, 3).Draw(t, "host")}),
				rapid.Uint16Range(1, 3).Draw(t, "port"))
		})
		answered := make(map[wire.Node]bool)
		steps := map[string]func(){
			"wait": func() {
				now = now.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "seconds")) * time.Second)
			},
			"heard": func() {
				table.Heard(ids.Draw(t, "id"), addrs.Draw(t, "addr"), rapid.Bool().Draw(t, "client"), now)
			},
			"told": func() {
				table.Told(wire.Node{ID: ids.Draw(t, "id"), Addr: addrs.Draw(t, "addr")}, now)
			},
			"answered": func() {
				node := wire.Node{ID: ids.Draw(t, "id"), Addr: addrs.Draw(t, "addr")}
				table.Answered(node.ID, node.Addr, false, now)
				answered[node] = true
			},
			"client answered": func() {
				table.Answered(ids.Draw(t, "id"), addrs.Draw(t, "addr"), true, now)
			},
			"try failed": func() { table.Failed(addrs.Draw(t, "addr"), now) },
			"failed":     func() { now = fail(table, addrs.Draw(t, "addr"), now) },
			"due": func() {
				if pings, _ := table.Due(now); len(pings) > cfg.Pings {
					t.Fatalf("%d pings at once", len(pings))
				}
			},
		}
		step := rapid.SampledFrom([]string{
			"wait", "heard", "told", "answered", "answered", "answered", "client answered", "try failed", "failed", "due",
		})
		for range rapid.IntRange(100, 200).Draw(t, "steps") {
			steps[step.Draw(t, "step")]()
			checkTable(t, table, cfg, answered, now)
		}
	})
}

func checkTable(t *rapid.T, table *Table, cfg Config, answered map[wire.Node]bool, now time.Time) {
	at := now.Sub(start)
	expired, inTrie, sources := 0, 0, make(map[netip.Addr]int)
	var counts [idBits + 1]int
	if len(table.byID) > cfg.Nodes || len(table.byID) != len(table.byAddr) || len(table.byID) != len(table.due) {
		t.Fatalf("%d ids, %d endpoints, %d in the schedule", len(table.byID), len(table.byAddr), len(table.due))
	}
	for i, r := range table.due {
		switch {
		case r.place != i || i > 0 && table.due[(i-1)/2].due > r.due:
			t.Fatalf("the schedule is no heap at %d", i)
		case r.due > r.next():
			t.Fatalf("%v is looked at %v too late", r.node, r.due-r.next())
		case table.byID[r.node.ID] != r || table.byAddr[r.node.Addr] != r:
			t.Fatalf("%v is not found", r.node)
		case !answered[r.node]:
			t.Fatalf("%v never answered", r.node)
		case r.good(at) && !r.listed || r.listed && r.expiry != nil:
			t.Fatalf("%v: good %v, listed %v", r.node, r.good(at), r.listed)
		}
		if r.expiry != nil {
			expired++
		} else {
			sources[source(r.node.Addr.Addr())]++
		}
		if r.listed {
			inTrie++
			counts[r.shared]++
		}
	}
	if expired != table.expired.Len() || len(sources) != len(table.sources) || counts != table.buckets.count {
		t.Fatalf("%d expired, %d sources, buckets %v", expired, len(sources), table.buckets.count)
	}
	for source, count := range sources {
		if table.sources[source] != count || count > cfg.NodesPerAddress {
			t.Fatalf("%d records at %v, %d counted", count, source, table.sources[source])
		}
	}
	table.trie.walk(&wire.ID{}, func(r *record) bool {
		inTrie--
		return true
	})
	if inTrie != 0 {
		t.Fatalf("the trie lacks %d records", inTrie)
	}

	key := id(0x42)
	var good []wire.Node
	for _, r := range table.byID {
		if r.good(at) {
			good = append(good, r.node)
		}
	}
	slices.SortFunc(good, func(a, b wire.Node) int { return compare(key)(a.ID, b.ID) })
	if got := table.Closest(nil, key, len(good)+1, now); !slices.Equal(got, good) {
		t.Fatalf("closest: want %v, got %v", good, got)
	}
	nearer := 0
	for _, node := range good {
		if compare(key)(node.ID, ownID) < 0 {
			nearer++
		}
	}
	if got := table.AmongClosest(key, 3, now); got != (nearer < 3) {
		t.Fatalf("among closest with %d nearer: %v", nearer, got)
	}
	if c := table.Counts(now); c.Good != len(good) || c.Expired != expired {
		t.Fatalf("counts %+v of %d good, %d expired", c, len(good), expired)
	}
}

// A hundred thousand peers that come and go leave a bounded table behind, and
// an empty one in the end.
func TestComeAndGo(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Nodes = 16384
	table, now := New(ownID, cfg, start), start
	for n := range 100_000 {
		now = now.Add(10 * time.Millisecond)
		node := site(n)
		node.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 4222)
		table.Heard(node.ID, node.Addr, false, now)
		table.Answered(node.ID, node.Addr, false, now)
		if n%100 == 0 {
			pings, _ := table.Due(now)
			for _, node := range pings {
				fail(table, node.Addr, now)
			}
		}
		if len(table.byID) > cfg.Nodes {
			t.Fatalf("%d records", len(table.byID))
		}
	}
	if newest := site(99_999).ID; !listed(table, newest, now).IsValid() {
		t.Fatal("the newest is not listed")
	}
	for range 3 * 3600 {
		now = now.Add(time.Second)
		pings, _ := table.Due(now)
		for _, node := range pings {
			fail(table, node.Addr, now)
		}
	}
	if c := table.Counts(now); c != (Counts{Buckets: 1}) {
		t.Fatalf("left: %+v", c)
	}
	if len(table.byID)+len(table.byAddr)+len(table.sources)+len(table.due)+table.expired.Len() > 0 {
		t.Fatal("records are left")
	}
}
