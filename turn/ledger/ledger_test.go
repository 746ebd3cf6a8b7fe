// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clock is moved by hand.
type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_800_000_000, c.nanos.Load()) }
func (c *clock) forward(d time.Duration) { c.nanos.Add(int64(d)) }
func newTest(limits Limits) (*Ledger, *clock) {
	c := new(clock)
	return New(limits, c.now), c
}

func addr(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

func opening(username, client string) Opening {
	return Opening{Username: username, Client: addr(client), Server: addr("10.0.0.1:3478"), Over: OverUDP, Protocol: UDP}
}

// owner is the relay's side of an entry, which ends it as asked.
type owner struct {
	entry *Entry
	asked []Reason
}

func open(t *testing.T, l *Ledger, o Opening) *owner {
	t.Helper()
	own := new(owner)
	var err error
	own.entry, err = l.Open(o, func(r Reason) { own.asked = append(own.asked, r) })
	require.NoError(t, err)
	return own
}

func opened(t *testing.T, l *Ledger, o Opening) *owner {
	t.Helper()
	own := open(t, l, o)
	own.entry.Opened(addr(fmt.Sprintf("10.0.0.1:%d", 50000+own.entry.id%1000)), l.now().Add(10*time.Minute))
	return own
}

func requireRefused(t *testing.T, l *Ledger, o Opening, want error) {
	t.Helper()
	_, err := l.Open(o, func(Reason) { t.Error("nothing to end") })
	require.ErrorIs(t, err, want)
}

// requireEmpty checks that all quota came back.
func requireEmpty(t *testing.T, l *Ledger) {
	t.Helper()
	require.Zero(t, l.Len())
	require.Empty(t, l.Live())
	require.Zero(t, l.Held())
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Empty(t, l.drained)
}

func TestHeld(t *testing.T) {
	l, _ := newTest(Limits{})
	a, b := open(t, l, opening("alice", "192.0.2.1:1")), open(t, l, opening("alice", "192.0.2.2:1"))
	c := open(t, l, opening("bob", "192.0.2.2:2"))
	require.Equal(t, Held{Entries: 3, Allocations: 3, Users: 2, Sources: 2, Idle: 3}, l.Held())
	a.entry.Permit(addr("192.0.2.9:9").Addr())
	require.True(t, b.entry.OpenConnection())
	require.True(t, b.entry.OpenConnection())
	require.Equal(t, Held{Entries: 3, Allocations: 3, Users: 2, Sources: 2, Connections: 2, Idle: 1}, l.Held())
	b.entry.CloseConnection()
	for _, o := range []*owner{a, b, c} {
		o.entry.Close(Released)
	}
	b.entry.CloseConnection()
	requireEmpty(t, l)
}

func TestLedgerQuotas(t *testing.T) {
	const aliceAt1, aliceAt2, bobAt1, bobAt2, bobAt3 = "192.0.2.1:1", "192.0.2.2:1", "192.0.2.1:2", "[::ffff:192.0.2.2]:2", "[fd00::3]:1"
	for name, test := range map[string]struct {
		limits  Limits
		held    []Opening
		another Opening
		want    error
	}{
		"no limits":    {Limits{}, []Opening{opening("a", aliceAt1), opening("a", aliceAt1)}, opening("a", aliceAt1), nil},
		"room":         {Limits{Total: 3, PerUser: 2, PerSource: 2}, []Opening{opening("a", aliceAt1), opening("b", bobAt2)}, opening("a", aliceAt2), nil},
		"error/user":   {Limits{PerUser: 2}, []Opening{opening("a", aliceAt1), opening("a", aliceAt2)}, opening("a", aliceAt1), ErrUserQuota},
		"other user":   {Limits{PerUser: 1}, []Opening{opening("a", aliceAt1)}, opening("b", aliceAt1), nil},
		"error/source": {Limits{PerSource: 2}, []Opening{opening("a", aliceAt1), opening("b", bobAt1)}, opening("c", "192.0.2.1:3"), ErrSourceQuota},
		"error/mapped": {Limits{PerSource: 1}, []Opening{opening("a", aliceAt2)}, opening("b", bobAt2), ErrSourceQuota},
		"other source": {Limits{PerSource: 1}, []Opening{opening("a", aliceAt1)}, opening("b", bobAt3), nil},
		"error/total":  {Limits{Total: 2}, []Opening{opening("a", aliceAt1), opening("b", bobAt2)}, opening("c", bobAt3), ErrTotalQuota},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := newTest(test.limits)
			var owners []*owner
			for _, o := range test.held {
				owners = append(owners, open(t, l, o))
			}
			if test.want != nil {
				for range 2 { // a refusal takes nothing
					requireRefused(t, l, test.another, test.want)
				}
				require.Equal(t, uint64(2), l.Counters().QuotaRefusals)
				owners[0].entry.Close(Released)
			}
			owners = append(owners, open(t, l, test.another))
			for _, o := range owners {
				o.entry.Close(Released)
				require.Empty(t, o.asked)
			}
			requireEmpty(t, l)
		})
	}
}

func TestLedgerQuotasConcurrent(t *testing.T) {
	const perUser, perSource, total = 5, 7, 20
	l, _ := newTest(Limits{Total: total, PerUser: perUser, PerSource: perSource})
	var all atomic.Int64
	var byUser, bySource [8]atomic.Int64
	below := func(n *atomic.Int64, limit int64) {
		if got := n.Add(1); got > limit {
			t.Errorf("%d allocations, %d allowed", got, limit)
		}
	}
	var granted, refused atomic.Int64
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			var held []func()
			for i := range 400 {
				user, source := (g+i)%8, (g*3+i*5)%8
				e, err := l.Open(opening(fmt.Sprint(user), fmt.Sprintf("192.0.2.%d:%d", source, g+1)), func(Reason) {})
				if err == nil {
					granted.Add(1)
					below(&all, total)
					below(&byUser[user], perUser)
					below(&bySource[source], perSource)
					held = append(held, func() {
						all.Add(-1)
						byUser[user].Add(-1)
						bySource[source].Add(-1)
						e.Close(Released)
					})
				} else {
					refused.Add(1)
				}
				if len(held) > 0 && (err != nil || i%3 == 0) {
					held[0]()
					held = held[1:]
				}
			}
			for _, give := range held {
				give()
			}
		})
	}
	wg.Wait()
	require.Positive(t, granted.Load())
	require.Positive(t, refused.Load(), "the limits were not reached")
	requireEmpty(t, l)
	require.Equal(t, uint64(refused.Load()), l.Counters().QuotaRefusals)
}

func TestLedgerEvicts(t *testing.T) {
	l, at := newTest(Limits{Total: 4, Idle: time.Minute})
	bare := opened(t, l, opening("a", "192.0.2.1:1"))
	permitted := opened(t, l, opening("a", "192.0.2.1:2"))
	permitted.entry.Permit(netip.MustParseAddr("192.0.2.9"))
	connected := opened(t, l, opening("a", "192.0.2.1:3"))
	require.True(t, connected.entry.OpenConnection())
	at.forward(time.Minute - 1)
	young := opened(t, l, opening("a", "192.0.2.1:4"))
	requireRefused(t, l, opening("b", "192.0.2.2:1"), ErrTotalQuota)

	at.forward(1)
	taking := opened(t, l, opening("b", "192.0.2.2:1"))
	require.Equal(t, []Reason{Evicted}, bare.asked)
	requireRefused(t, l, opening("b", "192.0.2.2:1"), ErrTotalQuota)
	require.False(t, bare.entry.OpenConnection(), "an evicted entry has no quota")
	require.True(t, l.End(bare.entry.id, Ended))
	require.Len(t, bare.asked, 1)
	require.Equal(t, 5, l.Len(), "it is there until its owner closed it")
	bare.entry.Close(Failed)
	require.Equal(t, Evicted, l.History()[0].Reason)
	require.Equal(t, 4, l.Len())
	requireRefused(t, l, opening("b", "192.0.2.2:1"), ErrTotalQuota)

	for _, o := range []*owner{permitted, connected, young, taking} {
		require.Empty(t, o.asked)
		o.entry.Close(Released)
	}
	connected.entry.CloseConnection()
	requireEmpty(t, l)

	t.Run("never", func(t *testing.T) {
		l, at := newTest(Limits{Total: 1})
		open(t, l, opening("a", "192.0.2.1:1"))
		at.forward(24 * time.Hour)
		requireRefused(t, l, opening("b", "192.0.2.2:1"), ErrTotalQuota)
	})
	t.Run("whose owner closes at once", func(t *testing.T) {
		l, at := newTest(Limits{Total: 1, Idle: time.Minute})
		var first *Entry
		first, err := l.Open(opening("a", "192.0.2.1:1"), func(r Reason) { first.Close(r) })
		require.NoError(t, err)
		at.forward(time.Minute)
		second := open(t, l, opening("a", "192.0.2.1:2"))
		require.Equal(t, 1, l.Len())
		second.entry.Close(Released)
		requireEmpty(t, l)
	})
}

func TestLedgerEnd(t *testing.T) {
	l, _ := newTest(Limits{})
	a1 := opened(t, l, opening("a", "192.0.2.1:1"))
	a2 := opened(t, l, opening("a", "192.0.2.1:2"))
	b := opened(t, l, opening("b", "192.0.2.2:1"))

	require.False(t, l.End(99, Ended))
	require.True(t, l.End(a1.entry.id, Ended))
	require.True(t, l.End(a1.entry.id, Ended), "it is still there")
	require.Equal(t, []Reason{Ended}, a1.asked)

	require.Zero(t, l.EndUser("nobody", Revoked))
	require.Equal(t, 1, l.EndUser("a", Revoked))
	require.Equal(t, []Reason{Ended}, a1.asked)
	require.Equal(t, []Reason{Revoked}, a2.asked)
	require.Empty(t, b.asked)

	require.Equal(t, 1, l.EndAll(Stopped))
	require.Equal(t, []Reason{Stopped}, b.asked)

	for _, o := range []*owner{a1, a2, b} {
		o.entry.Close(ClientGone)
		require.False(t, l.End(o.entry.id, Ended))
	}
	require.Zero(t, l.EndAll(Stopped))
	requireEmpty(t, l)
	var reasons []Reason
	for _, a := range l.History() {
		reasons = append(reasons, a.Reason)
	}
	require.Equal(t, []Reason{Stopped, Revoked, Ended}, reasons)
}

func TestLedgerEndConcurrent(t *testing.T) {
	l, _ := newTest(Limits{})
	var asked atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		e, err := l.Open(opening("a", "192.0.2.1:1"), func(Reason) { asked.Add(1) })
		require.NoError(t, err)
		e.Opened(addr("10.0.0.1:50000"), l.now())
		for range 2 {
			wg.Go(func() { l.End(e.id, Ended) })
			wg.Go(func() { l.EndUser("a", Revoked) })
		}
	}
	wg.Wait()
	require.Equal(t, int64(200), asked.Load())
	for _, e := range l.entries() {
		for range 4 {
			wg.Go(func() { e.Close(Failed) })
		}
	}
	wg.Wait()
	requireEmpty(t, l)
	require.Len(t, l.History(), 200)
}

func TestLedgerDrained(t *testing.T) {
	l, _ := newTest(Limits{})
	isDrained := func(drained <-chan struct{}) bool {
		select {
		case <-drained:
			return true
		default:
			return false
		}
	}
	require.True(t, isDrained(l.Drained()))
	a, b := open(t, l, opening("a", "192.0.2.1:1")), open(t, l, opening("b", "192.0.2.1:2"))
	first, second := l.Drained(), l.Drained()
	a.entry.Close(Released)
	require.False(t, isDrained(first))
	b.entry.Close(Released)
	require.True(t, isDrained(first))
	require.True(t, isDrained(second))
	c := open(t, l, opening("c", "192.0.2.1:1"))
	require.False(t, isDrained(l.Drained()))
	c.entry.Close(Released)
	requireEmpty(t, l)
}

func TestLedgerReturnsToZero(t *testing.T) {
	const cycles = 10_000
	l, _ := newTest(Limits{Total: 100, PerUser: 50, PerSource: 80, ConnectionsPerUser: 128, BytesPerSecond: 1000, Idle: time.Minute})
	for i := range cycles {
		o := opened(t, l, opening(fmt.Sprint(i%7), fmt.Sprintf("192.0.2.%d:1", i%250)))
		o.entry.Permit(netip.MustParseAddr("192.0.2.9"))
		if i%2 == 0 {
			require.True(t, o.entry.OpenConnection())
			if i%4 == 0 {
				o.entry.CloseConnection()
			}
		}
		if i%3 == 0 {
			l.End(o.entry.id, Ended)
		}
		o.entry.Close(Expired)
		if i%4 == 2 {
			o.entry.CloseConnection()
		}
		require.Zero(t, o.entry.connections.Load())
	}
	requireEmpty(t, l)
	require.Equal(t, uint64(cycles), l.Counters().Opened)
	require.Len(t, l.History(), remembered)
}

func TestSharedName(t *testing.T) {
	l := New(Limits{PerUser: 1, Shared: func(username string) bool { return username == "ring" }}, time.Now)
	first, err := l.Open(opening("ring", "10.0.0.2:1"), func(Reason) {})
	require.NoError(t, err)
	_, err = l.Open(opening("ring", "10.0.0.2:2"), func(Reason) {})
	require.ErrorIs(t, err, ErrUserQuota, "the same address")
	other, err := l.Open(opening("ring", "10.0.0.3:1"), func(Reason) {})
	require.NoError(t, err, "another address")
	first.Close(Released)
	again, err := l.Open(opening("ring", "10.0.0.2:2"), func(Reason) {})
	require.NoError(t, err)
	other.Close(Released)
	again.Close(Released)
	require.Empty(t, l.users)
}

func TestRefusedWhileOpening(t *testing.T) {
	var refused atomic.Bool
	l := New(Limits{Refused: func(string) bool { return refused.Load() }}, time.Now)
	for range 1000 {
		refused.Store(false)
		var opened *Entry
		var asked atomic.Bool
		var both sync.WaitGroup
		both.Go(func() {
			e, err := l.Open(opening("stolen", "10.0.0.2:1"), func(Reason) { asked.Store(true) })
			if err != nil {
				require.ErrorIs(t, err, ErrRefused)
				return
			}
			opened = e
		})
		both.Go(func() {
			refused.Store(true)
			l.EndUser("stolen", Revoked)
		})
		both.Wait()
		if opened != nil {
			require.True(t, asked.Load(), "an allocation of a refused user goes on")
			opened.Close(Revoked)
		}
		require.Zero(t, l.Len())
	}
}

func TestHidden(t *testing.T) {
	l := New(Limits{PerUser: 1, Hidden: func(username string) bool { return username == "probe" }}, time.Now)
	e := opened(t, l, opening("probe", "10.0.0.1:1")).entry
	e.Up(1, 100)
	require.Equal(t, 1, l.Len())
	require.Empty(t, l.Live())
	_, err := l.Open(opening("probe", "10.0.0.1:2"), func(Reason) {})
	require.ErrorIs(t, err, ErrUserQuota, "limits hold all the same")
	require.Zero(t, l.Counters().Relayed[UDP])
	e.Close(Released)
	require.Empty(t, l.History())
	require.Zero(t, l.Counters().Opened)
	require.Zero(t, l.Counters().Relayed[UDP])
}
