// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"jamibox/turn/bench/crowd"
	"jamibox/turn/bench/server"
)

const (
	// together is how many clients allocate at a time.
	together = 100
	// streams is how many TCP clients are at work at a time.
	streams = 16
)

// cycles makes and releases n allocations, UDP and TCP by turns.
func (p *place) cycles(ctx context.Context, n int) error {
	for done := 0; done < n/2; done += together {
		if err := errors.Join(ctx.Err(), p.cycleUDP(min(together, n/2-done))); err != nil {
			return fmt.Errorf("after %d UDP allocations: %w", done, err)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(streams)
	for range n - n/2 {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return p.cycleTCP()
		})
	}
	return group.Wait()
}

func (p *place) cycleUDP(n int) error {
	first := int(p.last.Add(int64(n))) - n
	c, err := crowd.New(server.Addr(), first, n, p.relay.Credentials)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	for _, step := range []func() error{c.Allocate, c.Bind, c.Release} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (p *place) cycleTCP() error {
	c, err := p.dial("tcp")
	if err != nil {
		return err
	}
	listener, err := c.ListenTCP(p.peer())
	if err != nil {
		return errors.Join(err, c.Close())
	}
	return errors.Join(listener.Close(), c.Close())
}

// fill makes n UDP allocations at a time, and then n of TCP, so that none of
// the relay's ports may be missing, and releases them.
func (p *place) fill(n int) error {
	if err := p.cycleUDP(n); err != nil {
		return err
	}
	listeners := make([]interface{ Close() error }, 0, 2*n)
	defer func() {
		for _, l := range listeners {
			_ = l.Close()
		}
	}()
	for range n {
		c, err := p.dial("tcp")
		if err != nil {
			return err
		}
		listeners = append(listeners, c)
		listener, err := c.ListenTCP(p.peer())
		if err != nil {
			return err
		}
		listeners = append(listeners, listener)
	}
	return nil
}
