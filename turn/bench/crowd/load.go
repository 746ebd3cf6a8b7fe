// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package crowd

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

const (
	channelHead = 4
	// mark begins the second half of each payload's head, and the number of the
	// run ends it; the first half is the time it was sent.
	mark        = 0x6a616d69626f_0000
	payloadHead = 16
	// settle is how long the last packets may take.
	settle = 200 * time.Millisecond
	// turns bounds how long receiving may keep from sending.
	turns = 4
	// maxUnknown is the share of the packets sent that as many may arrive as
	// that no load sent, beside fewUnknown of them.
	maxUnknown = 0.01
	fewUnknown = 100
)

// Load is what the clients and their peer send.
type Load struct {
	Size     int           // of each payload, in bytes; payloadHead at least
	Train    int           // packets that each client sends in a row, 1 for 0; only without a rate
	Rate     int           // packets a second, over all clients; 0 is as many as go
	Up, Down bool          // from clients to the peer, and back
	For      time.Duration // how long
	Direct   bool          // past the relay
}

// Result is what came of a load.
type Result struct {
	Sent, Received uint64
	// Overrun counts packets that the relay delivered and the generator was
	// too slow to take.
	Overrun uint64
	// Strays counts packets that arrived and are not of this load. They count
	// nowhere else: a relay that other programs kept from running may send
	// those of an earlier one any time.
	Strays  uint64
	unknown uint64 // strays that are not of an earlier load either
	Took    time.Duration
	// Latency holds the times under way, sorted; only of loads at a rate.
	Latency []time.Duration
}

// Relayed is how many packets went through the relay.
func (r Result) Relayed() uint64 { return r.Received + r.Overrun }

// Loss is the share of packets sent that the relay did not deliver.
func (r Result) Loss() float64 { return 1 - float64(r.Relayed())/float64(r.Sent) }

// Quantile returns the time that a share q of the packets took at most.
func (r Result) Quantile(q float64) time.Duration {
	if len(r.Latency) == 0 {
		return 0
	}
	return r.Latency[min(len(r.Latency)-1, int(q*float64(len(r.Latency))))]
}

// way is one direction of a load.
type way struct {
	from, to *socket
	out      *outbox
	train    int // packets in each entry of out
	size     int // bytes of each packet, where it is sent
	head     int // of which before the payload
	strip    int // bytes before the payload, where it arrives
	next     int // entry to be sent next
}

// Run sends the load in a loop that never waits. It should have a CPU of its
// own.
func (c *Crowd) Run(l Load) (Result, error) {
	c.run++
	ways := c.ways(l)
	var r Result
	if l.Rate > 0 {
		r.Latency = make([]time.Duration, 0, int(1.1*float64(l.Rate)*l.For.Seconds()))
	}
	before, err := overrun()
	if err != nil {
		return r, err
	}
	start := time.Now()
	for turn := 0; ; turn++ {
		elapsed := time.Since(start)
		if elapsed >= l.For {
			break
		}
		n := batchSize
		if l.Rate > 0 {
			n = min(batchSize, int(elapsed.Seconds()*float64(l.Rate))-int(r.Sent))
		}
		if n > 0 {
			w := ways[turn%len(ways)]
			sent, err := w.send(n)
			if err != nil {
				return r, err
			}
			r.Sent += uint64(sent)
		}
		for _, w := range ways {
			if err := c.drain(w, l, &r); err != nil {
				return r, err
			}
		}
	}
	r.Took = time.Since(start)
	if err := c.settle(ways, l, &r); err != nil {
		return r, err
	}
	after, err := overrun()
	if err != nil {
		return r, err
	}
	r.Overrun = after - before
	slices.Sort(r.Latency)
	if float64(r.unknown) > fewUnknown+maxUnknown*float64(r.Sent) {
		return r, fmt.Errorf("%d packets arrived that nobody sent, beside %d that were sent", r.unknown, r.Sent)
	}
	return r, nil
}

func (c *Crowd) ways(l Load) []*way {
	train := max(1, l.Train)
	up := &way{from: c.clients, to: c.peers, out: newOutbox(len(c.members)), train: train, head: channelHead}
	down := &way{from: c.peers, to: c.clients, out: newOutbox(len(c.members)), train: train, strip: channelHead}
	if l.Direct {
		up.head, down.strip = 0, 0
	}
	up.size, down.size = up.head+l.Size, l.Size
	for i, m := range c.members {
		client, there, back := m.addr, c.server, m.relayed
		if l.Direct {
			there, back = c.peer, c.clients.at(m.addr)
		}
		up.out.set(i, client, there, up.packets(l.Size, c.run), up.size)
		down.out.set(i, c.peer.Addr(), back, down.packets(l.Size, c.run), down.size)
	}
	var ways []*way
	if l.Up {
		ways = append(ways, up)
	}
	if l.Down {
		ways = append(ways, down)
	}
	return ways
}

// packets makes what one client sends in a row.
func (w *way) packets(payload int, run uint16) []byte {
	all := make([]byte, w.train*w.size)
	for p := all; len(p) > 0; p = p[w.size:] {
		if w.head > 0 {
			binary.BigEndian.PutUint16(p, firstChannel)
			binary.BigEndian.PutUint16(p[2:], uint16(payload))
		}
		binary.BigEndian.PutUint64(p[w.head+8:], mark|uint64(run))
	}
	return all
}

// send sends about n packets, for each client in turn, and returns how many.
func (w *way) send(n int) (int, error) {
	n = min(max(1, n/w.train), len(w.out.packets)-w.next)
	now := uint64(time.Now().UnixNano())
	for i := w.next; i < w.next+n; i++ {
		binary.BigEndian.PutUint64(w.out.packets[i].payload[w.head:], now)
	}
	sent, err := w.from.send(w.out, w.next, n)
	w.next = (w.next + sent) % len(w.out.packets)
	return sent * w.train, err
}

func (c *Crowd) drain(w *way, l Load, r *Result) error {
	for range turns {
		n, err := w.to.receive(c.in)
		if err != nil {
			return err
		}
		now := time.Now().UnixNano()
		for i := range n {
			head, length := c.in.packet(i)
			if length != w.strip+l.Size || runOf(head[w.strip:]) != c.run {
				r.Strays++
				if !late(head, c.run) {
					r.unknown++
				}
				continue
			}
			r.Received++
			if l.Rate > 0 {
				r.Latency = append(r.Latency, time.Duration(now-int64(binary.BigEndian.Uint64(head[w.strip:]))))
			}
		}
		if n < batchSize {
			return nil
		}
	}
	return nil
}

// late reports whether a packet, with a channel's head or without, is of a run
// before this one.
func late(packet []byte, run uint16) bool {
	if len(packet) < channelHead+payloadHead {
		return false
	}
	bare, channelled := runOf(packet), runOf(packet[channelHead:])
	return bare != 0 && bare != run || channelled != 0 && channelled != run
}

// runOf returns the number of the run that a payload is of, or 0.
func runOf(payload []byte) uint16 {
	if text := binary.BigEndian.Uint64(payload[8:]); text&^0xffff == mark {
		return uint16(text)
	}
	return 0
}

// settle takes what is still under way.
func (c *Crowd) settle(ways []*way, l Load, r *Result) error {
	awaited := make([]*socket, len(ways))
	for i, w := range ways {
		awaited[i] = w.to
	}
	for {
		ready, err := await(settle, awaited...)
		if err != nil || !ready {
			return err
		}
		for _, w := range ways {
			if err := c.drain(w, l, r); err != nil {
				return err
			}
		}
	}
}
