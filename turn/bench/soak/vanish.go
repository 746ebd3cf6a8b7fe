// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"context"
	"errors"
	"io"
	"net/netip"

	"golang.org/x/sync/errgroup"

	"jamibox/turn/bench/client"
	"jamibox/turn/bench/netns"
)

// vanish lets n clients of the network netns.Vanishing disappear without a
// word: half of them with a UDP allocation, over UDP or TCP, half with a TCP
// allocation and an open channel.
func (p *place) vanish(ctx context.Context, n int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(streams)
	for i := range n {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return p.vanishOne(i, netns.Host(netns.Vanishing(), i))
		})
	}
	return group.Wait()
}

func (p *place) vanishOne(i int, local netip.Addr) error {
	network := "tcp"
	if i%4 == 0 {
		network = "udp"
	}
	o, err := p.occupy(network, i%2 == 0, local)
	if err != nil {
		return err
	}
	if o.channel != nil {
		err = o.channel.Vanish()
	}
	err = errors.Join(err, o.client.Vanish())
	_ = o.allocation.Close() // ends its timers; nothing can go out any more
	return err
}

// kill lets n clients end as a program does that is killed: they release
// nothing, but the system closes their connections.
func (p *place) kill(n int) error {
	for i := range n {
		o, err := p.occupy("tcp", i%2 == 0, clientAddr(p.next()))
		if err != nil {
			return err
		}
		if o.channel != nil {
			err = o.channel.Close()
		}
		err = errors.Join(err, o.client.Close())
		_ = o.allocation.Close() // ends its timers; nothing can go out any more
		if err != nil {
			return err
		}
	}
	return nil
}

// occupant is a client with an allocation.
type occupant struct {
	client     *client.Client
	allocation io.Closer
	channel    *client.Channel // nil for an allocation of UDP
}

// occupy makes a client with an allocation of UDP, or one of TCP and an open
// channel.
func (p *place) occupy(network string, udp bool, local netip.Addr) (*occupant, error) {
	if !udp {
		network = "tcp"
	}
	c, err := p.dialAs(network, p.next(), local)
	if err != nil {
		return nil, err
	}
	if udp {
		allocation, err := c.Allocate()
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		return &occupant{client: c, allocation: allocation}, nil
	}
	peer := p.peer()
	listener, err := c.ListenTCP(peer)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	channel, err := listener.Open(peer)
	if err != nil {
		return nil, errors.Join(err, listener.Close(), c.Close())
	}
	return &occupant{client: c, allocation: listener, channel: channel}, nil
}
