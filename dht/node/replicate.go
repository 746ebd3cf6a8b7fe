// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"jamibox/dht/routing"
	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

const (
	// arrivalPause lies between two looks for nodes that have come.
	arrivalPause = 2 * time.Second
	// givePause lies between two batches of keys that a node is asked about, and
	// giveBatch is their size: with the puts that follow this stays below the
	// thousand requests in a second that OpenDHT takes from one address.
	givePause = 50 * time.Millisecond
	giveBatch = 16
	// givePutBytes bounds the values that are under way to one node: OpenDHT
	// lives with a receive buffer of 208 KiB.
	givePutBytes = 64 << 10
	// receivers is how many nodes are given values at the same time.
	receivers = 8
	// maxRejoined bounds the nodes that start anew between two looks.
	maxRejoined = 1024
	// minLeft is the life in which a value is still worth giving.
	minLeft = 30 * time.Second
)

// replicate gives nodes that come, or come back, the stored values of those keys
// to which they are among the closest, until ctx is done.
func (s *server) replicate(ctx context.Context) error {
	if !s.cfg.Replicate {
		return nil
	}
	var giving errgroup.Group
	giving.SetLimit(receivers)
	look := time.NewTicker(arrivalPause)
	defer look.Stop()
	known := newArrivals()
	for {
		select {
		case <-ctx.Done():
			return giving.Wait()
		case <-look.C:
		}
		for _, other := range known.update(s.listed()) {
			giving.Go(func() error {
				s.give(ctx, other)
				return nil
			})
		}
	}
}

// listed returns the good nodes, and those that said since the last call that
// they start anew.
func (s *server) listed() (listed []wire.Node, rejoined map[wire.ID]struct{}, now time.Time) {
	s.begin(nil)
	defer s.end()
	for _, table := range s.tables {
		listed = append(listed, table.Snapshot(s.now)...)
	}
	rejoined, s.rejoined = s.rejoined, make(map[wire.ID]struct{})
	return listed, rejoined, s.now
}

// rejoins notes that a node looks for its own neighbourhood, as nodes do when
// they start. One that was away for a minute only has been good all the time.
func (s *server) rejoins(id wire.ID) {
	if s.cfg.Replicate && len(s.rejoined) < maxRejoined {
		s.rejoined[id] = struct{}{}
	}
}

// give asks a node which values it has of the keys that it is close to, and puts
// those that it lacks. A node that does not answer is given up.
func (s *server) give(ctx context.Context, to wire.Node) {
	pace := time.NewTicker(givePause)
	defer pace.Stop()
	out := newOutbox(s)
	puts := 0
	reach := s.reach(to)
	for piece := range s.stock(func(key wire.ID) bool { return !reach.Excludes(key) }) {
		if ctx.Err() != nil {
			return
		}
		for len(piece) > 0 {
			var shelves [][]storage.Kept
			if shelves, piece = s.near(to, piece); len(shelves) == 0 {
				continue
			}
			n, err := s.giveShelves(ctx, out, to, shelves)
			puts += n
			if err != nil {
				s.logger.Debug("dht node cannot be given values", "node", to.ID.String(), "remote", to.Addr, "err", err)
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-pace.C:
			}
		}
	}
	s.logger.Debug("dht node was given values", "node", to.ID.String(), "remote", to.Addr, "values", puts)
}

// reach says quickly which keys a node is not close to.
func (s *server) reach(of wire.Node) *routing.Reach {
	s.begin(nil)
	defer s.end()
	return s.table(of.Addr).Reach(of.ID, maxListed, s.now)
}

// near cuts the next keys off a piece of the stock, and returns the values of those to
// which the node is among the closest that we know.
func (s *server) near(to wire.Node, stock []storage.Kept) (shelves [][]storage.Kept, rest []storage.Kept) {
	s.begin(nil)
	defer s.end()
	var buffer [maxListed]wire.Node
	for len(stock) > 0 && len(shelves) < giveBatch {
		key, end := stock[0].Key, 1
		for end < len(stock) && stock[end].Key == key {
			end++
		}
		if slices.Contains(s.table(to.Addr).Closest(buffer[:0], key, maxListed, s.now), to) {
			shelves = append(shelves, stock[:end])
		}
		stock = stock[end:]
	}
	return shelves, stock
}

// giveShelves does what give does for a few keys, and returns how many values the
// node confirmed.
func (s *server) giveShelves(ctx context.Context, out *outbox, to wire.Node, shelves [][]storage.Kept) (puts int, err error) {
	query := wire.Query{Select: wire.FieldID | wire.FieldSeq}
	replies, err := s.askAll(ctx, out, len(shelves), func(i int, done func(reply)) {
		t := s.newTransaction()
		s.send(wire.AppendGet(s.out.data, s.header(t), shelves[i][0].Key, &query), t, to.Addr, nil, done)
	})
	if err != nil {
		return 0, err
	}
	var missing []storage.Kept
	for i, shelf := range shelves {
		missing = append(missing, lacking(shelf, &replies[i].message, time.Now())...)
	}
	token := replies[0].message.Token
	for len(missing) > 0 {
		n, size := 0, 0
		for n < min(giveBatch, len(missing)) && (n == 0 || size+len(missing[n].Packed) <= givePutBytes) {
			size += len(missing[n].Packed)
			n++
		}
		if _, err := s.askAll(ctx, out, n, func(i int, done func(reply)) {
			s.sendPut(to.Addr, token, &missing[i], done)
		}); err != nil {
			return puts, err
		}
		missing, puts = missing[n:], puts+n
		s.count(func(c *counts) { c.replicated += uint64(n) })
	}
	return puts, nil
}

// lacking returns the values of a key that a node does not have, or has in an
// older edition, by its rows. It is not offered what it has: that would let the
// value live longer.
func lacking(shelf []storage.Kept, rows *wire.Message, now time.Time) (missing []storage.Kept) {
	has := make(map[uint64]uint16, rows.Rows.Len())
	for row := range rows.Rows.All() {
		has[row.ID] = row.Seq
	}
	for _, g := range shelf {
		v, err := wire.ParseValue(g.Packed)
		if err != nil || v.Type == wire.TypeService || now.Sub(g.Created) > storage.Life(v.Type)-minLeft {
			// Service announcements would get our address.
			continue
		}
		if seq, there := has[v.ID]; !there || v.Signed() && seq < v.Seq {
			missing = append(missing, g)
		}
	}
	return missing
}

// askAll sends requests in one turn and returns the answers, or the first error.
func (s *server) askAll(ctx context.Context, out *outbox, n int, send func(i int, done func(reply))) ([]reply, error) {
	type answer struct {
		i int
		reply
	}
	answers := make(chan answer, n)
	s.begin(out)
	for i := range n {
		send(i, func(r reply) { answers <- answer{i, r} })
	}
	s.end()
	out.flush()
	replies := make([]reply, n)
	for range n {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case a := <-answers:
			if a.err != nil {
				return nil, a.err
			}
			replies[a.i] = a.reply
		}
	}
	return replies, nil
}

// count changes the counts, out of turn.
func (s *server) count(change func(*counts)) {
	s.begin(nil)
	defer s.end()
	change(&s.counts)
}
