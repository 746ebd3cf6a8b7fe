// SPDX-License-Identifier: GPL-3.0-or-later

package ledger

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLedgerHistory(t *testing.T) {
	l, _ := newTest(Limits{})
	require.Empty(t, l.History())
	for i := range 2*remembered + 10 {
		opened(t, l, opening("a", "192.0.2.1:1")).entry.Close(Expired)
		history := l.History()
		require.Len(t, history, min(i+1, remembered))
		for back, a := range history {
			require.Equal(t, uint64(i+1-back), a.ID)
		}
	}
}

func TestLedgerLive(t *testing.T) {
	l, _ := newTest(Limits{})
	var owners []*owner
	for i := range 20 {
		owners = append(owners, opened(t, l, opening(fmt.Sprint(i), "192.0.2.1:1")))
	}
	owners[3].entry.Close(Released)
	live := l.Live()
	require.Len(t, live, 19)
	for i := range live[1:] {
		require.Less(t, live[i].ID, live[i+1].ID)
	}
	require.NotNil(t, live[0].Peers, "an empty list in JSON, not null")
}

func TestLedgerCounters(t *testing.T) {
	l, _ := newTest(Limits{})
	require.Equal(t, Counters{ByCode: map[int]uint64{}, Relayed: map[Protocol]Flow{UDP: {}, TCP: {}}}, l.Counters())

	for _, code := range []int{401, 401, 300, 699, 299, 700, -1, 0} {
		l.Answered(code)
	}
	l.RefusedStream()
	l.Throttled()
	l.Throttled()
	udp := opened(t, l, opening("a", "192.0.2.1:1")).entry
	udp.Up(1, 100)
	udp.Denied(3)
	overTCP := opening("a", "192.0.2.1:2")
	overTCP.Protocol = TCP
	tcp := opened(t, l, overTCP).entry
	tcp.Down(0, 70)
	want := Counters{
		ByCode: map[int]uint64{401: 2, 300: 1, 699: 1},
		Opened: 2, Denied: 3, RefusedStreams: 1, Throttled: 2,
		Relayed: map[Protocol]Flow{
			UDP: {Up: Traffic{Packets: 1, Bytes: 100}},
			TCP: {Down: Traffic{Bytes: 70}},
		},
	}
	require.Equal(t, want, l.Counters())
	udp.Close(Released)
	tcp.Close(Released)
	require.Equal(t, want, l.Counters(), "what is closed still counts")
}

func TestLedgerCountersConcurrent(t *testing.T) {
	l, _ := newTest(Limits{})
	const workers, rounds, bytes = 4, 200, 10
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	readers.Go(func() {
		var last uint64
		for {
			select {
			case <-done:
				return
			default:
			}
			now := l.Counters().Relayed[UDP].Up.Bytes
			if now < last || now > workers*rounds*bytes {
				t.Errorf("%d bytes after %d", now, last)
			}
			last = now
			_ = l.Live()
			_ = l.History()
		}
	})
	for range workers {
		writers.Go(func() {
			for range rounds {
				e := opened(t, l, opening("a", "192.0.2.1:1")).entry
				e.Up(1, bytes)
				e.Extend(time.Time{})
				e.Close(Released)
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	require.Equal(t, uint64(workers*rounds*bytes), l.Counters().Relayed[UDP].Up.Bytes)
	requireEmpty(t, l)
}

func BenchmarkLive(b *testing.B) {
	l := New(Limits{}, time.Now)
	for i := range 5000 {
		e, err := l.Open(opening(fmt.Sprint(i), "192.0.2.1:1"), func(Reason) {})
		if err != nil {
			b.Fatal(err)
		}
		e.Opened(addr("10.0.0.1:50000"), time.Time{})
		e.Peer(addr("192.0.2.9:5000"))
	}
	b.Run("Live", func(b *testing.B) {
		for b.Loop() {
			l.Live()
		}
	})
	b.Run("Counters", func(b *testing.B) {
		for b.Loop() {
			l.Counters()
		}
	})
}
