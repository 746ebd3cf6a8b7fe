// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package load

import (
	"fmt"
	"slices"
	"time"

	"jamibox/dht/wire"
)

// Load says what is asked, and for how long.
type Load struct {
	// Operation returns what the n-th request is.
	Operation func(n uint64) *Operation
	// First is the number of the first request.
	First uint64
	// Outstanding is how many requests are under way at any time, at most 65535.
	Outstanding int
	// For is how long to ask; Count, if it is not 0, how often instead.
	For   time.Duration
	Count uint64
}

// Operation is one kind of request.
type Operation struct {
	// request appends the n-th request of a member.
	request func(b []byte, c *Crowd, member int, h wire.Header, n uint64) []byte
	// datagrams is of how many the answer consists, pushes included.
	datagrams int
	// right reports whether an answer is what it must be.
	right func(m *wire.Message) bool
	// listener returns the number of the one that the n-th request is pushed
	// to; nil if there is none.
	listener func(n uint64) uint32
}

// Result is what came of a load.
type Result struct {
	// Asked counts the requests sent, of which some may have been under way at
	// the end.
	Asked, Done, Lost uint64
	Took              time.Duration
	Latency           []time.Duration // sorted
}

// Quantile returns the time that a share q of the requests took at most.
func (r *Result) Quantile(q float64) time.Duration { return quantile(r.Latency, q) }

// quantile returns the value that a share q of the sorted values reaches at most.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// slot is a request under way.
type slot struct {
	operation *Operation
	round     uint16 // tells its requests apart
	sent      time.Time
	missing   int // datagrams
	listener  uint32
}

// run is a load under way.
type run struct {
	*Crowd
	load    Load
	slots   []slot
	pushed  map[uint32]int // slot that waits for a push, by listener
	message wire.Message
	result  Result
}

// Run keeps the load up until it is over. An answer that is not as it must be
// is an error.
func (c *Crowd) Run(l Load) (*Result, error) {
	r := &run{Crowd: c, load: l, slots: make([]slot, l.Outstanding), pushed: make(map[uint32]int)}
	start := time.Now()
	for i := range r.slots {
		if err := r.ask(i, start); err != nil {
			return nil, err
		}
	}
	checked := start
	for now := start; !r.over(now.Sub(start)); {
		if err := c.socket.flush(); err != nil {
			return nil, err
		}
		n, err := c.socket.receive(10 * time.Millisecond)
		if err != nil {
			return nil, err
		}
		now = time.Now()
		for i := range n {
			if err := r.take(i, now); err != nil {
				return nil, err
			}
		}
		if now.Sub(checked) > patience/4 {
			if err := r.giveUp(now); err != nil {
				return nil, err
			}
			checked = now
		}
	}
	r.result.Took = time.Since(start)
	slices.Sort(r.result.Latency)
	return &r.result, c.drain()
}

func (r *run) over(elapsed time.Duration) bool {
	if r.load.Count > 0 {
		return r.result.Done >= r.load.Count
	}
	return elapsed >= r.load.For
}

// ask sends the next request in a slot.
func (r *run) ask(i int, now time.Time) error {
	s := &r.slots[i]
	if s.listener != 0 {
		delete(r.pushed, s.listener)
	}
	n := r.load.First + r.result.Asked
	r.result.Asked++
	op := r.load.Operation(n)
	*s = slot{operation: op, round: s.round + 1, sent: now, missing: op.datagrams}
	if op.listener != nil {
		s.listener = op.listener(n)
		r.pushed[s.listener] = i
	}
	member := int(n % peers)
	h := r.header(member, uint32(s.round)<<16|uint32(i+1))
	return r.socket.queue(r.members[member].addr, op.request(r.socket.buffer(), r.Crowd, member, h, n))
}

// take counts the k-th datagram received, and asks again if it was the last of
// an answer.
func (r *run) take(k int, now time.Time) error {
	m := &r.message
	if err := m.Decode(r.socket.packet(k)); err != nil {
		return fmt.Errorf("reading what the node sent: %w", err)
	}
	i := int(m.Transaction&0xffff) - 1
	switch {
	case m.Kind.IsRequest():
		if err := r.oblige(m, k); err != nil {
			return err
		}
		waiting, ok := r.pushed[m.Socket]
		if m.Kind != wire.KindUpdate || !ok {
			return nil // nothing to do with the load, or repeated
		}
		delete(r.pushed, m.Socket)
		r.slots[waiting].listener = 0
		i = waiting
	case m.Kind == wire.KindReply, m.Kind == wire.KindPart, m.Kind == wire.KindError:
		if i < 0 || i >= len(r.slots) || r.slots[i].round != uint16(m.Transaction>>16) {
			return nil // too late
		}
		if m.Kind == wire.KindError {
			return fmt.Errorf("the node refused a request: %w", &m.Refusal)
		}
		if m.Kind == wire.KindReply && !r.slots[i].operation.right(m) {
			return fmt.Errorf("wrong answer: %d nodes, %d values, %d bytes of token, value id %d",
				m.Nodes.Len(), m.Values.Len(), len(m.Token), m.ValueID)
		}
	default:
		return nil
	}
	s := &r.slots[i]
	if s.missing--; s.missing > 0 {
		return nil
	}
	r.result.Done++
	r.result.Latency = append(r.result.Latency, now.Sub(s.sent))
	return r.ask(i, now)
}

// giveUp asks anew where nothing came.
func (r *run) giveUp(now time.Time) error {
	for i := range r.slots {
		if now.Sub(r.slots[i].sent) > patience {
			r.result.Lost++
			if err := r.ask(i, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// drain takes what is still under way.
func (c *Crowd) drain() error {
	if err := c.socket.flush(); err != nil {
		return err
	}
	for {
		n, err := c.socket.receive(50 * time.Millisecond)
		if err != nil || n == 0 {
			return err
		}
	}
}
