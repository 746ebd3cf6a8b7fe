// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// run calls Due each second, and heard with what is to be sent.
func run(table *Table, from, to time.Duration, sent func(now time.Time, pings []wire.Node, finds []Find)) {
	for at := from; at < to; at += time.Second {
		now := start.Add(at)
		pings, finds := table.Due(now)
		if len(pings)+len(finds) > 0 {
			sent(now, pings, finds)
		}
	}
}

// upkeep answers every ping, as a live network does, and returns the finds.
func upkeep(table *Table, from, to time.Duration) (finds []Find) {
	run(table, from, to, func(now time.Time, pings []wire.Node, f []Find) {
		for _, node := range pings {
			table.Answered(node.ID, node.Addr, false, now)
		}
		finds = append(finds, f...)
	})
	return finds
}

func TestSilentNodeIsPinged(t *testing.T) {
	table, x := newTable(), wire.Node{ID: id(1), Addr: addr(home)}
	table.Answered(x.ID, x.Addr, false, start)
	table.Heard(x.ID, x.Addr, false, start.Add(30*time.Second))
	var times []time.Duration
	run(table, 0, 3*time.Minute, func(now time.Time, pings []wire.Node, _ []Find) {
		for _, node := range pings {
			require.Equal(t, x, node)
			times = append(times, now.Sub(start))
			if len(times) == 1 {
				table.Heard(x.ID, x.Addr, false, now)
			}
		}
	})
	require.Equal(t, []time.Duration{2 * time.Minute}, times, "90 s after it was heard, and no more once it is heard again")
}

func TestTalkingNodeHasToAnswerToo(t *testing.T) {
	table, x := newTable(), wire.Node{ID: id(1), Addr: addr(home)}
	table.Answered(x.ID, x.Addr, false, start)
	for at := time.Duration(0); at < 5*time.Hour; at += 20 * time.Second {
		now := start.Add(at)
		table.Heard(x.ID, x.Addr, false, now)
		pings, _ := table.Due(now)
		require.LessOrEqual(t, len(pings), 1)
		for range pings {
			require.Zero(t, at%confirm)
			table.Answered(x.ID, x.Addr, false, now)
		}
		requireListed(t, table, x.ID, home, now)
	}
}

func TestDeadNodeIsUnlisted(t *testing.T) {
	table, x := siteTable(200), site(5)
	var gone time.Duration
	run(table, 0, 5*time.Minute, func(now time.Time, pings []wire.Node, _ []Find) {
		for _, node := range pings {
			switch {
			case node != x:
				table.Answered(node.ID, node.Addr, false, now)
			case gone == 0:
				gone = fail(table, x.Addr, now).Sub(start)
			}
		}
	})
	require.Less(t, gone, 105*time.Second)
	requireUnlisted(t, table, x.ID, start.Add(gone))
	require.Equal(t, 199, table.Counts(start.Add(5*time.Minute)).Good)
	require.Equal(t, 1, table.Counts(start.Add(5*time.Minute)).Expired)
}

func TestExpiredNodeIsRetriedThenForgotten(t *testing.T) {
	table, x := newTable(), wire.Node{ID: id(1), Addr: addr(home)}
	table.Answered(x.ID, x.Addr, false, start)
	expired := fail(table, x.Addr, start)
	var waits []time.Duration
	last := expired
	run(table, 0, 2*time.Hour, func(now time.Time, pings []wire.Node, _ []Find) {
		require.Equal(t, []wire.Node{x}, pings)
		waits = append(waits, now.Sub(last).Truncate(time.Minute))
		last = now
		fail(table, x.Addr, now)
	})
	require.Equal(t, []time.Duration{1, 2, 4, 8, 16, 32}, divide(waits, time.Minute))
	require.Equal(t, 1, table.Counts(start).Expired)
	upkeep(table, 2*time.Hour, 3*time.Hour)
	require.Equal(t, Counts{Buckets: 1}, table.Counts(start.Add(3*time.Hour)))
	require.Empty(t, table.byID)
	require.Empty(t, table.byAddr)
	require.Empty(t, table.sources)
	require.Empty(t, table.due)
}

func divide(durations []time.Duration, by time.Duration) (quotients []time.Duration) {
	for _, d := range durations {
		quotients = append(quotients, d/by)
	}
	return quotients
}

// A network that was cut in two is whole again soon after the cut is mended,
// even if the nodes of the other half never call.
func TestPartitionHeals(t *testing.T) {
	table := siteTable(40)
	cut := true
	carry := func(now time.Time, pings []wire.Node, _ []Find) {
		for _, node := range pings {
			if cut && node.Addr.Port()%2 == 0 {
				fail(table, node.Addr, now)
			} else {
				table.Answered(node.ID, node.Addr, false, now)
			}
		}
	}
	run(table, 0, 20*time.Minute, carry)
	require.Equal(t, 20, table.Counts(start.Add(20*time.Minute)).Good)
	cut = false
	run(table, 20*time.Minute, 40*time.Minute, carry)
	require.Equal(t, 40, table.Counts(start.Add(40*time.Minute)).Good)
}

// If the caller cannot send, nothing is good for long.
func TestNothingIsGoodWithoutNetwork(t *testing.T) {
	table := siteTable(50)
	run(table, 0, 12*time.Minute, func(time.Time, []wire.Node, []Find) {})
	require.Equal(t, 50, table.Counts(start.Add(12*time.Minute)).Expired)
	require.Nil(t, table.trie.root)
}

func TestPingsOfOneCallAreBounded(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Pings = 100
	table := New(ownID, cfg, start)
	for n := range 250 {
		node := site(n)
		table.Answered(node.ID, node.Addr, false, start)
	}
	asked := make(map[wire.Node]bool)
	for n, want := range []int{100, 100, 50, 0} {
		pings, _ := table.Due(start.Add(silence + time.Duration(n)*time.Second))
		require.Len(t, pings, want)
		for _, node := range pings {
			asked[node] = true
		}
	}
	require.Len(t, asked, 250)
}

func TestFirstNodeIsAskedForNeighbours(t *testing.T) {
	table, x := newTable(), wire.Node{ID: id(1), Addr: addr(home)}
	_, finds := table.Due(start)
	require.Empty(t, finds, "nobody to ask")
	table.Answered(x.ID, x.Addr, false, start.Add(time.Second))
	_, finds = table.Due(start.Add(time.Second))
	require.Len(t, finds, 1)
	require.Equal(t, x, finds[0].Node)
	require.GreaterOrEqual(t, sharedBits(&ownID, &finds[0].Target), idBits-8, "near our own id")

	more := upkeep(table, 2*time.Second, growth)
	require.GreaterOrEqual(t, len(more), 5, "a round every 5 to 25 s while the table is young")
	require.LessOrEqual(t, len(more), 30)
	require.Empty(t, upkeep(table, growth+30*time.Second, time.Hour), "nothing new, and the one bucket answers")
	for range 10 {
		now := table.buckets.round
		require.Empty(t, table.finds(now))
		require.GreaterOrEqual(t, table.buckets.round, now+time.Minute, "and is seldom looked at")
		require.Less(t, table.buckets.round, now+3*time.Minute)
		table.buckets.replied[0] = now
	}
}

func TestNewNeighbourStartsRounds(t *testing.T) {
	table := siteTable(5)
	upkeep(table, 0, time.Hour)
	joined := site(6)
	table.Answered(joined.ID, joined.Addr, false, start.Add(time.Hour))
	require.NotEmpty(t, upkeep(table, time.Hour, time.Hour+26*time.Second))
}

func TestOwnBucketAnswersForAllItHolds(t *testing.T) {
	table := newTable()
	for n := range 8 {
		x := randomID(ownID, 8)
		table.Answered(x, site(n).Addr, false, start)
	}
	upkeep(table, 0, growth+time.Minute)
	require.Empty(t, upkeep(table, growth+time.Minute, time.Hour))
}

func TestBuckets(t *testing.T) {
	for _, c := range []struct {
		name    string
		shared  []int // bits that each node shares with our own id
		last    int
		inLast  int
		targets []int // buckets without a node
	}{
		{"one/empty", nil, 0, 0, nil},
		{"one/eight nodes", []int{0, 0, 0, 0, 0, 0, 0, 3}, 0, 8, nil},
		{"two/nine nodes", []int{0, 0, 0, 0, 0, 0, 0, 3, 3}, 1, 2, nil},
		{"empty/nine far nodes", []int{0, 0, 0, 0, 0, 0, 0, 0, 0}, 1, 0, []int{1}},
		{"empty/nine near nodes", []int{5, 5, 5, 5, 5, 5, 5, 5, 5}, 6, 0, []int{0, 1, 2, 3, 4, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable()
			for n, shared := range c.shared {
				x := randomID(ownID, shared+1)
				x[shared/8] ^= 0x80 >> (shared % 8)
				table.Answered(x, addr("192.0.2.1:1000"), false, start)
				require.Equal(t, 1, len(table.byID)-n, "another endpoint each")
				table.move(table.byID[x], site(n).Addr)
			}
			last, nodes := table.buckets.last()
			require.Equal(t, c.last, last)
			require.Equal(t, c.inLast, nodes)
			require.Equal(t, c.last+1, table.Counts(start).Buckets)

			table.buckets.grown = -growth // the neighbourhood is another test
			table.buckets.round = 0
			_, finds := table.Due(start)
			var targets []int
			for _, find := range finds {
				targets = append(targets, min(sharedBits(&ownID, &find.Target), last))
			}
			require.Equal(t, c.targets, targets)
			table.buckets.round = 0
			_, finds = table.Due(start.Add(time.Second))
			require.Empty(t, finds, "not again at once")
		})
	}
}

func TestQuietBucketIsSearched(t *testing.T) {
	table := siteTable(100)
	upkeep(table, 0, growth+time.Minute)
	// From here on the nodes of the first bucket only talk.
	searched := false
	for at := growth + time.Minute; at < 20*time.Minute; at += time.Second {
		now := start.Add(at)
		for _, r := range table.due {
			if r.shared == 0 {
				r.heard = at
			}
		}
		pings, finds := table.Due(now)
		for _, node := range pings {
			if sharedBits(&ownID, &node.ID) > 0 {
				table.Answered(node.ID, node.Addr, false, now)
			}
		}
		for _, find := range finds {
			require.Zero(t, sharedBits(&ownID, &find.Target))
			require.Greater(t, at, quiet)
			searched = true
		}
	}
	require.True(t, searched)
}
