// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package load

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"jamibox/dht/wire"
)

const (
	// turn is how often a soak sends.
	turn = 10 * time.Millisecond
	// kept is how many values a soak writes, again and again.
	kept = 10_000
	// timed is of how many requests one is timed.
	timed = 64
)

// Soak says how much is asked for how long.
type Soak struct {
	// Rate is how many requests are sent in a second by peers, and Hostile how
	// many datagrams by others, from addresses that they forge: random ones, cut,
	// changed and replayed ones, and requests of nodes that do not exist.
	Rate, Hostile int
	For           time.Duration
	// Every is how often Tell is told of what came so far.
	Every time.Duration
	Tell  func(Soaked) error
}

// Soaked is what came of a soak so far.
type Soaked struct {
	After          time.Duration
	Asked, Replied uint64 // of peers
	Hostile        uint64

	latency []time.Duration // of some requests that were answered
}

// Quantile returns the time that a share q of the answers took at most.
func (s *Soaked) Quantile(q float64) time.Duration {
	return quantile(slices.Sorted(slices.Values(s.latency)), q)
}

// Soak sends at a steady rate, whatever is answered: eight gets to a find and a
// put, as peers do. The values are the same again and again, so that the node has
// no reason to grow.
func (c *Crowd) Soak(s Soak) (Soaked, error) {
	for n := range uint64(kept) {
		if err := c.put(int(n%peers), key(putKeys, n), packed(n+1, small)); err != nil {
			return Soaked{}, err
		}
	}
	r := soak{Crowd: c, sent: make(map[uint32]time.Time)}
	began, told := time.Now(), time.Duration(0)
	for {
		r.After = time.Since(began)
		if r.After >= s.For {
			return r.Soaked, r.gather(patience)
		}
		if r.After-told >= s.Every {
			told = r.After
			if err := s.Tell(r.Soaked); err != nil {
				return r.Soaked, err
			}
		}
		for r.Asked < uint64(r.After.Seconds()*float64(s.Rate)) {
			if err := r.ask(); err != nil {
				return r.Soaked, err
			}
		}
		for r.Hostile < uint64(r.After.Seconds()*float64(s.Hostile)) {
			if err := r.attack(); err != nil {
				return r.Soaked, err
			}
		}
		if err := r.socket.flush(); err != nil {
			return r.Soaked, err
		}
		if err := r.gather(turn); err != nil {
			return r.Soaked, err
		}
	}
}

// soak is a Soak under way.
type soak struct {
	*Crowd
	Soaked
	message wire.Message
	tape    [][]byte // datagrams of peers
	// sent holds when requests that are timed were sent, by transaction.
	sent map[uint32]time.Time
}

// ask sends the next request of a peer.
func (r *soak) ask() error {
	n := r.Asked
	r.Asked++
	member, transaction := int(n%peers), uint32(n)|1<<31
	if n%timed == 0 {
		r.sent[transaction] = time.Now()
	}
	h, b, target := r.header(member, transaction), r.socket.buffer(), key(putKeys, n*7919%kept)
	switch n / peers % 10 {
	case 3:
		b = wire.AppendFind(b, h, target)
	case 7:
		n := n * 7919 % kept
		b = wire.AppendPut(b, h, target, r.members[member].token, 0, [][]byte{packed(n+1, small)})
	default:
		b = wire.AppendGet(b, h, target, &wire.Query{})
	}
	if len(r.tape) < 100 {
		r.tape = append(r.tape, bytes.Clone(b))
	}
	return r.socket.queue(r.members[member].addr, b)
}

// attack sends something from an address that is no peer's.
func (r *soak) attack() error {
	n := r.Hostile
	r.Hostile++
	from := netip.AddrFrom4([4]byte{127, byte(3 + rand.N(250)), byte(rand.N(256)), byte(1 + rand.N(254))})
	b := append(r.socket.buffer(), r.tape[rand.N(len(r.tape))]...)
	switch n % 5 {
	case 0:
		b = b[:rand.N(len(b))+1]
	case 1:
		for range 1 + rand.N(5) {
			b[rand.N(len(b))] = byte(rand.N(256))
		}
	case 2:
		for i := range b {
			b[i] = byte(rand.N(256))
		}
	case 3: // replayed as it is
	case 4:
		b = wire.AppendPing(b[:0], wire.Header{Transaction: 1, Sender: randomID()})
	}
	return r.socket.queue(from, b)
}

// gather counts the answers that come within a while.
func (r *soak) gather(wait time.Duration) error {
	for end := time.Now().Add(wait); ; {
		left := time.Until(end)
		if left < time.Millisecond {
			return nil
		}
		count, err := r.socket.receive(left)
		if err != nil {
			return err
		}
		for i := range count {
			if err := r.take(i); err != nil {
				return err
			}
		}
	}
}

// take counts the i-th packet received. What the node asks of those who do not
// exist stays unanswered.
func (r *soak) take(i int) error {
	to := r.socket.destination(i).As4()
	if binary.BigEndian.Uint16(to[:2]) != 127<<8|2 {
		return nil
	}
	if err := r.message.Decode(r.socket.packet(i)); err != nil {
		return fmt.Errorf("reading what the node sent: %w", err)
	}
	switch {
	case r.message.Kind.IsRequest():
		return r.oblige(&r.message, i)
	case r.message.Kind == wire.KindReply && r.message.Transaction>>31 == 1:
		r.Replied++
		if sent, ok := r.sent[r.message.Transaction]; ok {
			r.latency = append(r.latency, time.Since(sent))
			delete(r.sent, r.message.Transaction)
		}
	}
	return nil
}
