// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// maxMove bounds what is moved at a time, in bytes.
const maxMove = 1 << 20

// halfCloser is a connection whose directions end one by one.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// mover takes bytes from one connection to another. Used by one goroutine.
type mover interface {
	// move waits until there are bytes, moves at most limit of them, and
	// returns how many, with io.EOF when the source has ended.
	move(limit int) (int, error)
	// free gives back what the mover holds.
	free()
}

// direction is one of a bound connection.
type direction struct {
	mover mover
	dst   halfCloser
	count func(packets, bytes int)
	moved atomic.Int64  // bytes
	ended chan struct{} // closed when the last byte has been moved
}

// join relays between a bound connection's peer and the client, and closes both
// sides. A side that ends is followed by the other's end in that direction
// alone; one that fails takes the other with it.
func (r *Relay) join(c *connection, client halfCloser) error {
	peer := halfCloser(c.conn)
	defer hangUp(peer)
	if err := client.SetDeadline(time.Time{}); err != nil {
		return fmt.Errorf("clearing time limits: %w", err)
	}
	entry := c.allocation.entry
	up := &direction{mover: r.mover(peer, client), dst: peer, count: entry.Up, ended: make(chan struct{})}
	down := &direction{mover: r.mover(client, peer), dst: client, count: entry.Down, ended: make(chan struct{})}
	run := func(d, other *direction) error {
		err := d.run(c.allocation.ctx, entry.Limiter())
		close(d.ended)
		if err == nil {
			err = other.linger(r.limits.linger)
		}
		if err != nil {
			reset(client)
			reset(peer)
		}
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- run(up, down) }()
	err := run(down, up)
	return errors.Join(err, <-failed)
}

// run moves all bytes and passes on the end. limiter may be nil.
func (d *direction) run(ctx context.Context, limiter *rate.Limiter) error {
	defer d.mover.free()
	limit := maxMove
	if limiter != nil {
		limit = min(limit, bufferSize, limiter.Burst())
	}
	for {
		n, err := d.mover.move(limit)
		if n > 0 {
			d.moved.Add(int64(n))
			d.count(0, n)
		}
		if errors.Is(err, io.EOF) {
			return d.dst.CloseWrite()
		}
		if err != nil {
			return err
		}
		if limiter != nil {
			if err := limiter.WaitN(ctx, n); err != nil {
				return fmt.Errorf("keeping to the user's rate: %w", err)
			}
		}
	}
}

// errIdle ends a connection that is open in one direction only.
var errIdle = errors.New("nothing sent since the other side ended")

// linger waits until the direction has ended, as long as it moves a byte within
// each limit.
func (d *direction) linger(limit time.Duration) error {
	tick := time.NewTicker(limit)
	defer tick.Stop()
	for moved := d.moved.Load(); ; {
		select {
		case <-d.ended:
			return nil
		case <-tick.C:
		}
		now := d.moved.Load()
		if now == moved {
			return errIdle
		}
		moved = now
	}
}
