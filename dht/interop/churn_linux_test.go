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
	// tolerance is how much smaller the share of the values may be that are found
	// around the box.
	tolerance = 0.05
)

// TestChurn has nodes join and leave all the time, half of them killed, and looks
// how well values are found: around the box, and at the same time, by as many
// nodes of the same kinds, around a dhtnode. Writers repeat themselves while they
// are there, as those of Jami do. What they leave behind is where the eight nodes
// were that were closest to it, and lost with the last of these.
func TestChurn(t *testing.T) {
	if churn() == 0 {
		t.Skip("run with -churn 2m")
	}
	kinds := releases(t)
	around, alone := newTally(), newTally()
	said := func() string {
		return fmt.Sprintf("%d kinds of dhtnode around the box: %s\naround dhtnode %s: %s", len(kinds), around, kinds[0].name, alone)
	}
	t.Run("networks", func(t *testing.T) {
		t.Run("box", func(t *testing.T) {
			t.Parallel()
			network := anyNetwork()
			home := startBox(t, nil, loopback(), network)
			comeAndGo(t, around, kinds, network, home.addr, home.Stats().ID.String())
		})
		t.Run("dhtnode", func(t *testing.T) {
			t.Parallel()
			network := anyNetwork()
			first := startPeer(t, nil, kinds[0], network, netip.AddrPort{})
			addr := netip.AddrPortFrom(loopback().Addr(), first.port)
			comeAndGo(t, alone, kinds, network, addr, first.id)
		})
		t.Run("progress", func(t *testing.T) {
			t.Parallel()
			for end := time.After(churn()); ; {
				select {
				case <-time.After(max(time.Minute, churn()/12)):
					t.Log(said())
				case <-end:
					return
				}
			}
		})
	})
	t.Log(said())
	require.Greater(t, around.there.rate(), alone.there.rate()-tolerance)
}

// comeAndGo has runners come and go around a node, and counts what they find.
func comeAndGo(t *testing.T, all *tally, kinds []release, network uint32, bootstrap netip.AddrPort, id string) {
	t.Helper()
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
					all.left(p.id)
					if i%2 == 0 {
						p.enter("x")
					}
					p.kill()
				}
			})
		}
	})
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
			key := fmt.Sprintf("%s-%d", p.id[:8], rand.Uint64())
			if p.put("pp", key, "value-of-"+key) {
				all.wrote(record{key, p.id, time.Now()})
			}
			continue
		}
		began := time.Now()
		outcome := p.look(wanted.key, "value-of-"+wanted.key)
		all.looked(wanted, time.Since(began), outcome)
	}
}

// tally counts what runners do. It is safe for concurrent use.
type tally struct {
	mu      sync.Mutex
	stays   int
	values  int
	gone    map[string]bool // runners
	written []record        // not yet stale
	// there is of values whose writers are there, orphaned of the others.
	there, orphaned score
}

// record is a value that was written.
type record struct {
	key, writer string
	at          time.Time
}

// score is what came of looking for values.
type score struct {
	missed map[string]int  // by outcome
	took   []time.Duration // of what was found
}

func newTally() *tally {
	return &tally{
		gone:  make(map[string]bool),
		there: score{missed: make(map[string]int)}, orphaned: score{missed: make(map[string]int)},
	}
}

func (y *tally) stayed() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.stays++
}

func (y *tally) left(runner string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.gone[runner] = true
}

func (y *tally) wrote(r record) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.values++
	y.written = append(y.written, r)
}

func (y *tally) looked(r record, took time.Duration, outcome string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	s := &y.there
	if y.gone[r.writer] {
		s = &y.orphaned
	}
	if outcome != found {
		s.missed[outcome]++
		return
	}
	s.took = append(s.took, took)
}

// any returns a value that is neither new nor old.
func (y *tally) any() (record, bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.written = slices.DeleteFunc(y.written, func(r record) bool { return time.Since(r.at) > stale })
	some := slices.IndexFunc(y.written, func(r record) bool { return time.Since(r.at) < settled })
	if some < 0 {
		some = len(y.written)
	}
	if some == 0 {
		return record{}, false
	}
	return y.written[rand.N(some)], true
}

func (y *tally) String() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return fmt.Sprintf("%d nodes came, %d values\n  of writers that are there: %s\n  of writers that left: %s",
		y.stays, y.values, &y.there, &y.orphaned)
}

// looks is how often a value was looked for.
func (s *score) looks() int {
	all := len(s.took)
	for _, n := range s.missed {
		all += n
	}
	return all
}

// rate is the share of the values that were found.
func (s *score) rate() float64 { return float64(len(s.took)) / float64(max(1, s.looks())) }

func (s *score) String() string {
	slices.Sort(s.took)
	at := func(q float64) time.Duration {
		if len(s.took) == 0 {
			return 0
		}
		return s.took[int(q*float64(len(s.took)-1))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("%d gets, %.2f%% found, p50 %s, p95 %s, p99 %s; not found: %v",
		s.looks(), 100*s.rate(), at(0.5), at(0.95), at(0.99), s.missed)
}
