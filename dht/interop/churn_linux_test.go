// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// runners is how many nodes come and go.
	runners = 30
	// A runner stays between shortStay and longStay, and does something about
	// every pause.
	shortStay, longStay = 10 * time.Second, 60 * time.Second
	pause               = time.Second
	// settled is how old a value is that is looked for, and stale how old it is
	// at most.
	settled, stale = time.Second, 2 * time.Minute
	// enough is the share of the values that has to be found.
	enough = 0.9
)

// TestChurn has nodes join and leave all the time, half of them without a word,
// and looks how well values are found: around the box, and, beside it, around a
// dhtnode.
func TestChurn(t *testing.T) {
	if churn() == 0 {
		t.Skip("run with -churn 2m")
	}
	kinds := releases(t)
	var around, alone *tally
	t.Run("box", func(t *testing.T) {
		network := anyNetwork()
		home := startBox(t, nil, loopback(), network)
		around = comeAndGo(t, kinds, network, home.addr, home.Stats().ID.String())
	})
	t.Run("dhtnode", func(t *testing.T) {
		network := anyNetwork()
		first := startPeer(t, nil, kinds[0], network, netip.AddrPort{})
		addr := netip.AddrPortFrom(loopback().Addr(), first.port)
		alone = comeAndGo(t, kinds[:1], network, addr, first.id)
	})
	t.Logf("around the box, %d kinds of dhtnode: %s", len(kinds), around)
	t.Logf("around dhtnode, of one kind:      %s", alone)
	require.Greater(t, around.rate(), enough)
}

// comeAndGo has runners come and go around a node, and returns what they found.
func comeAndGo(t *testing.T, kinds []release, network uint32, bootstrap netip.AddrPort, id string) *tally {
	t.Helper()
	all := &tally{}
	end := time.Now().Add(churn())
	t.Run("runners", func(t *testing.T) {
		for i := range runners {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				for time.Now().Before(end) {
					p := startPeer(t, nil, kinds[i%len(kinds)], network, bootstrap)
					p.awaitListed(id, bootstrap, patience)
					all.stayed()
					p.stay(all, min(shortStay+rand.N(longStay-shortStay), time.Until(end)))
					if i%2 == 0 {
						p.enter("x")
					}
					p.kill()
				}
			})
		}
	})
	return all
}

// stay puts and looks for values for a while.
func (p *peer) stay(all *tally, d time.Duration) {
	leave := time.NewTimer(d)
	defer leave.Stop()
	for {
		again := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-leave.C:
			again.Stop()
			return
		case <-again.C:
		}
		wanted, some := all.any()
		if !some || rand.N(4) == 0 {
			name := fmt.Sprintf("%s-%d", p.id[:8], rand.Uint64())
			if p.put("p", name, "value-of-"+name) {
				all.wrote(name)
			}
			continue
		}
		took, found := p.finds(wanted, "value-of-"+wanted)
		all.looked(took, found)
	}
}

// tally counts what runners do. It is safe for concurrent use.
type tally struct {
	mu      sync.Mutex
	stays   int
	written []record
	missed  int
	took    []time.Duration // of what was found
}

type record struct {
	key string
	at  time.Time
}

func (y *tally) stayed() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.stays++
}

func (y *tally) wrote(key string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.written = append(y.written, record{key, time.Now()})
}

func (y *tally) looked(took time.Duration, found bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if !found {
		y.missed++
		return
	}
	y.took = append(y.took, took)
}

// any returns a key with a value that is neither new nor old.
func (y *tally) any() (string, bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	now := time.Now()
	first, _ := slices.BinarySearchFunc(y.written, now.Add(-stale), func(r record, at time.Time) int { return r.at.Compare(at) })
	last, _ := slices.BinarySearchFunc(y.written, now.Add(-settled), func(r record, at time.Time) int { return r.at.Compare(at) })
	if first == last {
		return "", false
	}
	return y.written[first+rand.N(last-first)].key, true
}

// rate is the share of the values that were found.
func (y *tally) rate() float64 { return float64(len(y.took)) / float64(max(1, len(y.took)+y.missed)) }

func (y *tally) String() string {
	slices.Sort(y.took)
	at := func(q float64) time.Duration {
		if len(y.took) == 0 {
			return 0
		}
		return y.took[int(q*float64(len(y.took)-1))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("%d nodes came, %d puts, %d gets, %.2f%% found, p50 %s, p95 %s, p99 %s",
		y.stays, len(y.written), len(y.took)+y.missed, 100*y.rate(), at(0.5), at(0.95), at(0.99))
}
