// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import "sync"

const (
	// maxQueue and maxQueueBytes bound what waits to be sent to one listener. The
	// last value may exceed the bytes.
	maxQueue      = 8192
	maxQueueBytes = 8 << 20
)

// event is a value that came or, if expired, went.
type event struct {
	packed  []byte
	expired bool
}

// queue holds what is to be sent to one listener. It is safe for concurrent use.
type queue struct {
	wake chan struct{} // has room for one
	// overflow is called once, when there is too much; it must not block.
	overflow func()

	mu     sync.Mutex // guards all below
	events []event
	bytes  int
	broken bool
}

func newQueue(overflow func()) *queue {
	return &queue{wake: make(chan struct{}, 1), overflow: overflow}
}

// add has the event sent. It never blocks; a listener that cannot keep up is
// broken off.
func (q *queue) add(e event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.broken:
	case q.bytes >= maxQueueBytes || len(q.events) >= maxQueue:
		q.breakOff()
		q.overflow()
	default:
		q.events = append(q.events, e)
		q.bytes += len(e.packed)
		q.notify()
	}
}

// fail breaks the listener off.
func (q *queue) fail() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.breakOff()
}

func (q *queue) breakOff() {
	q.broken = true
	q.events = nil
	q.notify()
}

func (q *queue) notify() {
	select {
	case q.wake <- struct{}{}:
	default: // it has yet to look anyway
	}
}

// take returns what is to be sent, and false if the listener is broken off.
func (q *queue) take() ([]event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events, q.bytes = nil, 0
	return events, !q.broken
}
