// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jamibox/turn"
	"jamibox/turn/bench/server"
)

// counts is what must be at rest as it was at the start.
type counts struct {
	server.Counts
	descriptors int
	sockets     int
}

func count(relay *server.Jamibox) (counts, error) {
	own, err := relay.Counts()
	if err != nil {
		return counts{}, fmt.Errorf("asking the relay for its counts: %w", err)
	}
	descriptors, err := relay.Descriptors()
	if err != nil {
		return counts{}, err
	}
	sockets, err := relay.Sockets()
	return counts{own, descriptors, sockets}, err
}

func (c counts) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d sockets, %d allocations of %d users at %d addresses, "+
		"%d relayed ports, %d streams from %d addresses, %d connections, %d not taken",
		c.Goroutines, c.descriptors, c.sockets, c.Allocations, c.Users, c.Sources,
		c.Ports, c.Streams, c.StreamSources, c.Connections, c.Unbound)
}

// atMost reports whether nothing is there that was not at the start, and clients
// hold nothing: at the start the question whether the relay answers may have left
// a connection.
func (c counts) atMost(start counts) bool {
	return c.Goroutines <= start.Goroutines && c.descriptors <= start.descriptors && c.sockets <= start.sockets &&
		c.Held == turn.Held{}
}

// errLeft tells that something stays behind.
var errLeft = errors.New("the relay does not return to where it was")

// rest waits until the relay is as it was at the start.
func rest(ctx context.Context, relay *server.Jamibox, start counts, limit time.Duration) error {
	over := time.NewTimer(limit)
	defer over.Stop()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		// Go keeps the pipes of splice(2) until it collects its garbage twice.
		if err := relay.FreeMemory(); err != nil {
			return err
		}
		now, err := count(relay)
		if err != nil {
			return err
		}
		if now.atMost(start) {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-over.C:
			return fmt.Errorf("%w: after %s there are %s; at the start there were %s", errLeft, limit, now, start)
		}
	}
}

// resident returns the memory of the relay that is in use.
func resident(relay *server.Jamibox) (int64, error) {
	if err := relay.FreeMemory(); err != nil {
		return 0, err
	}
	return relay.RSS()
}
