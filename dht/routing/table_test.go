// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

const home, away = "192.0.2.1:4222", "198.51.100.7:5000"

func TestNewcomer(t *testing.T) {
	table, x := newTable(), id(1)
	require.True(t, table.Heard(x, addr(home), false, start), "a newcomer is pinged at once")
	require.False(t, table.Heard(x, addr(home), false, start.Add(time.Second)), "but not with each datagram")
	requireUnlisted(t, table, x, start)
	require.Equal(t, Counts{Dubious: 1, Buckets: 1}, table.Counts(start))

	table.Answered(x, addr(home), false, start.Add(time.Millisecond))
	requireListed(t, table, x, home, start.Add(time.Millisecond))
	require.Equal(t, Counts{Good: 1, Buckets: 1}, table.Counts(start.Add(time.Millisecond)))
	require.False(t, table.Heard(x, addr(home), false, start.Add(time.Minute)))
}

func TestNewcomerThatDoesNotAnswer(t *testing.T) {
	table := newTable()
	require.True(t, table.Heard(id(1), addr(home), false, start))
	table.Failed(addr(home), start.Add(time.Second))
	require.False(t, table.Heard(id(1), addr(home), false, start.Add(askPause-1)))
	require.True(t, table.Heard(id(1), addr(home), false, start.Add(askPause)), "it is asked again later")
	require.Equal(t, Counts{Buckets: 1}, table.Counts(start.Add(time.Minute)), "and leaves nothing behind")
}

func TestNewcomerIsNotAskedTooOften(t *testing.T) {
	table := newTable()
	require.True(t, table.Heard(id(1), addr(home), false, start))
	table.Answered(id(1), addr(home), true, start)
	again := start.Add(askPause / 2)
	require.True(t, table.Heard(id(1), addr(home), false, again), "it answered, and is another now")
	require.False(t, table.Heard(id(1), addr(home), false, start.Add(askPause)))
	require.True(t, table.Heard(id(1), addr(home), false, again.Add(askPause)))
}

func TestNewcomersAreLimited(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Pings = 10
	table, pings := New(ownID, cfg, start), 0
	for n := range 20_000 {
		now := start.Add(time.Duration(n) * time.Millisecond)
		if table.Heard(site(n%5000).ID, site(n).Addr, false, now) {
			pings++
		}
		require.LessOrEqual(t, len(table.strange.asked), 10*10+10)
		require.LessOrEqual(t, len(table.strange.queue), 2*(10*10+10)+1)
	}
	require.Equal(t, 200, pings, "ten in each second")
}

func TestNeverListed(t *testing.T) {
	for _, c := range []struct {
		name   string
		id     wire.ID
		client bool
	}{
		{"own id", ownID, false},
		{"zero id", wire.ID{}, false},
		{"client node", id(1), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable()
			require.False(t, table.Heard(c.id, addr(home), c.client, start))
			table.Answered(c.id, addr(home), c.client, start)
			require.Equal(t, Counts{Buckets: 1}, table.Counts(start))
			if !c.client {
				require.False(t, table.Told(wire.Node{ID: c.id, Addr: addr(home)}, start))
			}
		})
	}
}

func TestNodeBecomesClient(t *testing.T) {
	table, x := newTable(), id(1)
	table.Answered(x, addr(home), false, start)
	require.False(t, table.Heard(x, addr(home), true, start.Add(time.Second)), "just asked")
	now := start.Add(askPause)
	require.True(t, table.Heard(x, addr(home), true, now), "what it claims is checked")
	requireListed(t, table, x, home, now)
	table.Answered(x, addr(home), true, now)
	requireUnlisted(t, table, x, now)

	require.True(t, table.Heard(x, addr(home), false, now), "a client that turns into a node is a newcomer")
	table.Answered(x, addr(home), false, now)
	requireListed(t, table, x, home, now)
}

func TestExpiry(t *testing.T) {
	table, x := siteTable(20), site(3)
	now := fail(table, x.Addr, start)
	requireUnlisted(t, table, x.ID, now)
	require.Equal(t, 1, table.Counts(now).Expired)
	require.NotContains(t, table.Snapshot(now), x)

	require.True(t, table.Heard(x.ID, x.Addr, false, now), "any datagram revives it")
	require.Equal(t, 0, table.Counts(now).Expired)
	require.Equal(t, 1, table.Counts(now).Dubious)
	requireUnlisted(t, table, x.ID, now)
	table.Answered(x.ID, x.Addr, false, now)
	requireListed(t, table, x.ID, x.Addr.String(), now)
}

func TestLostTries(t *testing.T) {
	x := id(1)
	for _, c := range []struct {
		name   string
		lost   []time.Duration
		heard  time.Duration // 0 for not at all
		listed bool
	}{
		{"good/two tries", []time.Duration{1250 * time.Millisecond, 4 * time.Second}, 0, true},
		{"expired/three tries", []time.Duration{1250 * time.Millisecond, 4 * time.Second, 10 * time.Second}, 0, false},
		{"good/heard before the third", []time.Duration{1250 * time.Millisecond, 4 * time.Second, 10 * time.Second}, 5 * time.Second, true},
		{"good/a burst of requests", []time.Duration{time.Second, time.Second, 1200 * time.Millisecond, 1900 * time.Millisecond}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable()
			table.Answered(x, addr(home), false, start)
			heard := c.heard == 0
			for _, lost := range c.lost {
				if !heard && lost > c.heard {
					heard = true
					table.Heard(x, addr(home), false, start.Add(c.heard))
				}
				table.Failed(addr(home), start.Add(lost))
			}
			require.Equal(t, c.listed, listed(table, x, start.Add(11*time.Second)).IsValid())
		})
	}
}

func TestGoodEndsWithTime(t *testing.T) {
	table, x := newTable(), id(1)
	table.Answered(x, addr(home), false, start)
	requireListed(t, table, x, home, start.Add(10*time.Minute-1))
	requireUnlisted(t, table, x, start.Add(10*time.Minute))

	var now time.Time
	for minute := range 120 {
		now = start.Add(time.Duration(minute) * time.Minute)
		requireListed(t, table, x, home, now)
		table.Heard(x, addr(home), false, now)
	}
	now = start.Add(120 * time.Minute)
	requireUnlisted(t, table, x, now)
	pings, _ := table.Due(now)
	require.Len(t, pings, 1)
	require.Nil(t, table.trie.root, "it is not met again by each search for the closest")
	table.Answered(x, addr(home), false, now)
	requireListed(t, table, x, home, now)
}

// A forged datagram under the id of a node does not move it, an answer from
// elsewhere does not while the node itself answers.
func TestIDAtTwoEndpoints(t *testing.T) {
	x := id(1)
	setUp := func() (*Table, time.Time) {
		table, now := newTable(), start.Add(30*time.Second)
		table.Answered(x, addr(home), false, start)
		require.True(t, table.Heard(x, addr(away), false, now), "who claims the id is asked")
		requireListed(t, table, x, home, now)
		pings, _ := table.Due(now)
		require.Equal(t, []wire.Node{{ID: x, Addr: addr(home)}}, pings, "and so is who has it")
		return table, now
	}
	t.Run("claimant silent", func(t *testing.T) {
		table, now := setUp()
		now = fail(table, addr(away), now)
		requireListed(t, table, x, home, now)
	})
	t.Run("both answer", func(t *testing.T) {
		table, now := setUp()
		table.Answered(x, addr(away), false, now)
		requireListed(t, table, x, home, now)
		table.Answered(x, addr(home), false, now)
		now = now.Add(30 * time.Second)
		table.Failed(addr(home), now)
		requireListed(t, table, x, home, now)
	})
	t.Run("holder gone before the claimant answers", func(t *testing.T) {
		table, now := setUp()
		table.Failed(addr(home), now.Add(time.Second))
		requireListed(t, table, x, home, now)
		table.Answered(x, addr(away), false, now.Add(2*time.Second))
		requireListed(t, table, x, away, now.Add(2*time.Second))
	})
	t.Run("holder gone after the claimant answered", func(t *testing.T) {
		table, now := setUp()
		table.Answered(x, addr(away), false, now)
		table.Failed(addr(home), now.Add(1250*time.Millisecond))
		requireListed(t, table, x, away, now.Add(1250*time.Millisecond))
		require.False(t, table.Heard(x, addr(away), false, now.Add(2*time.Second)))
		require.Equal(t, Counts{Good: 1, Buckets: 1}, table.Counts(now.Add(2*time.Second)))
	})
	t.Run("claimed endpoint taken by another since", func(t *testing.T) {
		table, now := setUp()
		table.Answered(x, addr(away), false, now)
		table.Answered(id(2), addr(away), false, now)
		table.Failed(addr(home), now.Add(1250*time.Millisecond))
		requireListed(t, table, x, home, now.Add(1250*time.Millisecond))
		requireListed(t, table, id(2), away, now.Add(1250*time.Millisecond))
	})
	t.Run("claimant is a client", func(t *testing.T) {
		table, now := setUp()
		table.Answered(x, addr(away), true, now)
		table.Failed(addr(home), now.Add(1250*time.Millisecond))
		requireListed(t, table, x, home, now.Add(1250*time.Millisecond))
	})
	t.Run("holder expired", func(t *testing.T) {
		table, now := setUp()
		now = fail(table, addr(home), now)
		table.Answered(x, addr(away), false, now)
		requireListed(t, table, x, away, now)
		require.Equal(t, Counts{Good: 1, Buckets: 1}, table.Counts(now))
		require.Equal(t, map[netip.Addr]int{addr(away).Addr(): 1}, table.sources)
	})
	t.Run("claim of long ago", func(t *testing.T) {
		table, now := setUp()
		table.Answered(x, addr(away), false, now)
		table.Failed(addr(home), now.Add(claimLife))
		requireListed(t, table, x, home, now.Add(claimLife))
	})
}

// An endpoint has the id that it answered with last, and only one.
func TestEndpointWithManyIDs(t *testing.T) {
	table := newTable()
	table.Answered(id(1), addr(home), false, start)
	for n := range 1000 {
		now := start.Add(time.Duration(n) * time.Millisecond)
		require.Equal(t, n == 0, table.Heard(site(n).ID, addr(home), false, now))
	}
	requireListed(t, table, id(1), home, start.Add(time.Second))

	table.Answered(id(2), addr(home), false, start.Add(time.Second))
	requireUnlisted(t, table, id(1), start.Add(time.Second))
	requireListed(t, table, id(2), home, start.Add(time.Second))
	for n := range 1000 {
		table.Answered(site(n).ID, addr(home), false, start.Add(time.Second))
	}
	require.Equal(t, 1, table.Counts(start.Add(time.Second)).Good)

	table.Answered(ownID, addr(home), false, start.Add(time.Second))
	require.Equal(t, Counts{Buckets: 1}, table.Counts(start.Add(time.Second)), "our own id answered: a loop")
}

func TestRestartUnderNewIDAsClient(t *testing.T) {
	table, now := newTable(), start.Add(30*time.Second)
	table.Answered(id(1), addr(home), false, start)
	require.False(t, table.Heard(id(2), addr(home), true, now))
	pings, _ := table.Due(now)
	require.Equal(t, []wire.Node{{ID: id(1), Addr: addr(home)}}, pings, "is the old one still there?")
	table.Answered(id(2), addr(home), true, now)
	require.Equal(t, Counts{Buckets: 1}, table.Counts(now))
}

func TestTold(t *testing.T) {
	table := newTable()
	table.Answered(id(1), addr(home), false, start)
	for _, c := range []struct {
		name string
		node wire.Node
		want bool
	}{
		{"ping/unknown node", wire.Node{ID: id(2), Addr: addr(away)}, true},
		{"none/asked just now", wire.Node{ID: id(2), Addr: addr(away)}, false},
		{"none/known node", wire.Node{ID: id(1), Addr: addr(home)}, false},
		{"none/known id elsewhere", wire.Node{ID: id(1), Addr: addr("198.51.100.8:1")}, false},
		{"none/known endpoint", wire.Node{ID: id(3), Addr: addr(home)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, table.Told(c.node, start))
		})
	}
	now := fail(table, addr(home), start)
	require.False(t, table.Told(wire.Node{ID: id(1), Addr: addr(home)}, now), "an expired node has its own schedule")
	require.True(t, table.Told(wire.Node{ID: id(1), Addr: addr("198.51.100.8:1")}, now), "it may have moved")
	require.True(t, table.Told(wire.Node{ID: id(3), Addr: addr(home)}, now), "another may have its endpoint")
}

func TestBounds(t *testing.T) {
	cfg := Config{Nodes: 30, NodesPerAddress: 10, Pings: 1000}
	fill := func(table *Table, prefix string, count int, now time.Time) {
		host := netip.MustParseAddr(prefix)
		for n := range count {
			node := site(int(host.As16()[15])*1000 + n)
			table.Answered(node.ID, netip.AddrPortFrom(host, uint16(n+1)), false, now)
		}
	}
	t.Run("one address", func(t *testing.T) {
		table := New(ownID, cfg, start)
		fill(table, "192.0.2.1", 50, start)
		require.Equal(t, 10, table.Counts(start).Good)
		fill(table, "192.0.2.2", 5, start)
		require.Equal(t, 15, table.Counts(start).Good, "others have room")

		now := fail(table, addr("192.0.2.1:1"), start)
		fill(table, "192.0.2.1", 50, now)
		require.Equal(t, 15, table.Counts(now).Good, "expired ones make room")
	})
	t.Run("one network of IPv6", func(t *testing.T) {
		table := New(ownID, cfg, start)
		fill(table, "2001:db8::1", 6, start)
		fill(table, "2001:db8::2", 6, start)
		require.Equal(t, 10, table.Counts(start).Good)
		fill(table, "2001:db8:0:1::3", 6, start)
		require.Equal(t, 16, table.Counts(start).Good)
	})
	t.Run("moving to a full address", func(t *testing.T) {
		table := New(ownID, cfg, start)
		fill(table, "192.0.2.1", 10, start)
		table.Answered(id(1), addr(away), false, start)
		table.Failed(addr(away), start.Add(time.Second))
		table.Answered(id(1), addr("192.0.2.1:99"), false, start.Add(time.Second))
		require.Equal(t, 10, table.Counts(start).Good)
		requireUnlisted(t, table, id(1), start)
	})
	t.Run("reviving at a full address", func(t *testing.T) {
		table := New(ownID, cfg, start)
		fill(table, "192.0.2.1", 10, start)
		expired := table.byAddr[addr("192.0.2.1:1")].node
		now := fail(table, expired.Addr, start)
		table.Answered(id(1), addr("192.0.2.1:99"), false, now)
		require.False(t, table.Heard(expired.ID, expired.Addr, false, now))
		table.Answered(expired.ID, expired.Addr, false, now)
		requireUnlisted(t, table, expired.ID, now)
	})
	t.Run("all", func(t *testing.T) {
		table := New(ownID, cfg, start)
		for _, host := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"} {
			fill(table, host, 10, start)
		}
		require.Equal(t, 30, table.Counts(start).Good)
		requireUnlisted(t, table, site(4000).ID, start)

		first, second := site(1000).ID, site(1001).ID
		fail(table, table.byID[first].node.Addr, start)
		now := fail(table, table.byID[second].node.Addr, start.Add(time.Second))
		table.Answered(id(1), addr(away), false, now)
		requireListed(t, table, id(1), away, now)
		require.NotContains(t, table.byID, first, "the oldest expired one makes way")
		require.Contains(t, table.byID, second)
	})
}
