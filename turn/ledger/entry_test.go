// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEntryLife(t *testing.T) {
	l, at := newTest(Limits{})
	start := at.now()
	o := opening("alice", "192.0.2.1:4000")
	o.Over, o.Protocol = OverTLS, TCP
	own := open(t, l, o)
	require.Empty(t, l.Live(), "not granted yet")
	require.Equal(t, 1, l.Len())

	e := own.entry
	e.Opened(addr("10.0.0.1:50000"), start.Add(time.Minute))
	e.Extend(start.Add(time.Hour))
	e.Permit(netip.MustParseAddr("192.0.2.9"))
	e.Permit(netip.MustParseAddr("192.0.2.8"))
	e.Peer(addr("192.0.2.9:700"))
	e.Peer(addr("[fd00::9]:700"))
	e.Up(2, 300)
	e.Up(1, 50)
	e.Down(1, 10)
	e.Denied(4)
	require.True(t, e.OpenConnection())

	want := Allocation{
		ID: 1, Username: "alice", Over: OverTLS, Protocol: TCP,
		Client: addr("192.0.2.1:4000"), Server: addr("10.0.0.1:3478"), Relayed: addr("10.0.0.1:50000"),
		Peers: []string{"192.0.2.9:700", "192.0.2.8", "[fd00::9]:700"},
		Up:    Traffic{Packets: 3, Bytes: 350}, Down: Traffic{Packets: 1, Bytes: 10},
		Denied: 4, Connections: 1, Opened: start, Expires: start.Add(time.Hour),
	}
	require.Equal(t, []Allocation{want}, l.Live())

	at.forward(30 * time.Minute)
	e.Close(Released)
	e.Close(Failed)
	want.Closed, want.Reason = start.Add(30*time.Minute), Released
	require.Equal(t, []Allocation{want}, l.History())
	require.False(t, e.OpenConnection())
	e.CloseConnection()
	requireEmpty(t, l)

	text, err := json.Marshal(want)
	require.NoError(t, err)
	require.Contains(t, string(text), `"relayed":"10.0.0.1:50000"`)
	require.Contains(t, string(text), `"reason":"released"`)
}

func TestEntryNeverOpened(t *testing.T) {
	l, _ := newTest(Limits{})
	open(t, l, opening("a", "192.0.2.1:1")).entry.Close(Failed)
	require.Empty(t, l.History())
	require.Zero(t, l.Counters().Opened)
	requireEmpty(t, l)
}

func TestEntryPeers(t *testing.T) {
	l, _ := newTest(Limits{})
	e := opened(t, l, opening("a", "192.0.2.1:1")).entry
	for range 3 { // as refreshed
		e.Permit(netip.MustParseAddr("192.0.2.9"))
		e.Peer(addr("192.0.2.9:1"))
		e.Peer(addr("192.0.2.9:2"))
	}
	require.Equal(t, []string{"192.0.2.9:1", "192.0.2.9:2"}, l.Live()[0].Peers)
	for i := range 2 * maxListed {
		e.Permit(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	require.Len(t, l.Live()[0].Peers, maxListed)
}

func TestEntryConnections(t *testing.T) {
	l, _ := newTest(Limits{ConnectionsPerAllocation: 2, ConnectionsPerUser: 3})
	first := open(t, l, opening("a", "192.0.2.1:1")).entry
	second := open(t, l, opening("a", "192.0.2.1:2")).entry
	other := open(t, l, opening("b", "192.0.2.1:3")).entry
	require.True(t, first.OpenConnection())
	require.True(t, first.OpenConnection())
	require.False(t, first.OpenConnection(), "per allocation")
	require.True(t, second.OpenConnection())
	require.False(t, second.OpenConnection(), "per user")
	require.True(t, other.OpenConnection())

	first.CloseConnection()
	require.True(t, second.OpenConnection())
	require.False(t, first.OpenConnection())
	second.Close(Released) // with two open
	require.True(t, first.OpenConnection())
	second.CloseConnection()
	second.CloseConnection()
	first.CloseConnection()
	first.CloseConnection()
	other.CloseConnection()
	first.Close(Released)
	other.Close(Released)
	requireEmpty(t, l)
}

func TestEntryConnectionsConcurrent(t *testing.T) {
	const limit = 5
	l, _ := newTest(Limits{ConnectionsPerUser: limit})
	slots := make(chan struct{}, limit)
	var wg sync.WaitGroup
	for i := range 8 {
		e := open(t, l, opening("a", fmt.Sprintf("192.0.2.1:%d", i+1))).entry
		wg.Go(func() {
			for range 500 {
				if !e.OpenConnection() {
					continue
				}
				select {
				case slots <- struct{}{}:
					<-slots
				default:
					t.Error("more connections than allowed")
				}
				e.CloseConnection()
			}
			e.Close(Released)
		})
	}
	wg.Wait()
	requireEmpty(t, l)
}

func TestEntryLimiter(t *testing.T) {
	unlimited, _ := newTest(Limits{})
	require.Nil(t, open(t, unlimited, opening("a", "192.0.2.1:1")).entry.Limiter())

	l, at := newTest(Limits{BytesPerSecond: 100_000})
	first := open(t, l, opening("a", "192.0.2.1:1")).entry.Limiter()
	second := open(t, l, opening("a", "192.0.2.1:2")).entry.Limiter()
	other := open(t, l, opening("b", "192.0.2.1:3")).entry.Limiter()
	require.Same(t, first, second)
	require.NotSame(t, first, other)
	require.True(t, first.AllowN(at.now(), 100_000))
	require.False(t, second.AllowN(at.now(), 1))
	require.True(t, other.AllowN(at.now(), 1))
	require.True(t, second.AllowN(at.now().Add(time.Second/2), 50_000))
	require.False(t, second.AllowN(at.now().Add(time.Second/2), 1000))

	l, _ = newTest(Limits{BytesPerSecond: 1})
	require.Equal(t, leastBurst, open(t, l, opening("a", "192.0.2.1:1")).entry.Limiter().Burst())
}

// The data path must stay cheap.
func TestEntryCountsWithoutMemory(t *testing.T) {
	l, _ := newTest(Limits{})
	e := opened(t, l, opening("a", "192.0.2.1:1")).entry
	require.Zero(t, testing.AllocsPerRun(100, func() {
		e.Up(1, 160)
		e.Down(1, 160)
		e.Denied(1)
	}))
}

func BenchmarkOpenClose(b *testing.B) {
	l := New(Limits{Total: 16000, PerUser: 50, Idle: time.Minute}, time.Now)
	o := opening("a", "192.0.2.1:1")
	for b.Loop() {
		e, err := l.Open(o, func(Reason) {})
		if err != nil {
			b.Fatal(err)
		}
		e.Opened(addr("10.0.0.1:50000"), time.Time{})
		e.Permit(netip.MustParseAddr("192.0.2.9"))
		e.Close(Released)
	}
}
