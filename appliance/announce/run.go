// SPDX-License-Identifier: GPL-3.0-or-later

package announce

import (
	"context"
	"time"
)

const (
	// lookEvery is how often lists are looked for without a notice, for those
	// whose devices have all expired.
	lookEvery = time.Minute
	// pace spreads the puts of thousands of lists over minutes: each signature
	// takes milliseconds.
	pace = 50 * time.Millisecond
	// parallel is how many puts wait for other nodes at the same time.
	parallel = 8
	// putTimeout ends a put that waits for nodes that are gone. The box's own
	// node has the list by then.
	putTimeout = 30 * time.Second
)

// run is what one Run knows. It belongs to its goroutine, but for the puts under
// way, which come back through results.
type run struct {
	a       *Announcer
	lists   schedule
	lookErr error
	looks   time.Time // when to look for lists next
	starts  time.Time // when the next put may start
	last    time.Time // when a put last succeeded
	running int
	results chan result
}

// result is what became of a put.
type result struct {
	list    *list
	devices int // on the list
	der     []byte
	nodes   int
	err     error
}

// step does what is due and returns when there is more to do.
func (r *run) step(ctx context.Context) time.Time {
	now := time.Now()
	if !r.looks.After(now) {
		r.look(ctx, now)
	}
	id, next := r.lists.next()
	if next == nil || r.running == parallel {
		return r.looks
	}
	at := later(next.due, r.starts)
	if at.After(now) {
		return earlier(at, r.looks)
	}
	next.begin(now)
	r.running++
	r.starts = now.Add(pace)
	started := result{list: next, devices: next.devices, der: next.der}
	go func() {
		started.nodes, started.err = r.a.put(ctx, id, &started.der)
		r.results <- started
	}()
	return earlier(r.starts, r.looks)
}

func (r *run) look(ctx context.Context, now time.Time) {
	accounts, err := r.a.lists.Accounts(ctx)
	if r.lookErr = err; err == nil {
		r.lists.learn(accounts, now)
	}
	r.looks = now.Add(lookEvery)
}

func (r *run) finish(done result) {
	r.running--
	now := time.Now()
	done.list.done(done, now)
	if done.err == nil {
		r.last = now
	}
}

// wait lets the puts under way end.
func (r *run) wait() {
	for ; r.running > 0; r.running-- {
		<-r.results
	}
}

// put makes the list, unless it was made before, and puts it.
func (a *Announcer) put(ctx context.Context, accountID string, der *[]byte) (nodes int, err error) {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	key, err := keyOf(accountID)
	if err != nil {
		return 0, err
	}
	if *der == nil {
		if *der, err = a.lists.LastingCRL(ctx, accountID); err != nil {
			return 0, err
		}
	}
	return a.dht.Put(ctx, key, valueOf(*der))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
