// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package client

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Channel is a TCP connection through the relay.
type Channel struct {
	Client *net.TCPConn // the client's data connection
	Peer   *net.TCPConn // the peer's connection to the relayed address
}

// Close closes both ends.
func (c *Channel) Close() error { return errors.Join(c.Client.Close(), c.Peer.Close()) }

// Listener hands out the connections of a TCP allocation, as Jami uses them:
// peers connect to its relayed address (RFC 6062, section 4.4).
type Listener struct {
	client    *Client
	relayed   net.Addr
	bind      func(conn net.Conn) error
	deadlines func(time.Time) error
	close     func() error
}

// ListenTCP makes a TCP allocation, that a peer may connect to.
func (c *Client) ListenTCP(peer netip.Addr) (*Listener, error) {
	allocation, err := c.AllocateTCP()
	if err != nil {
		return nil, fmt.Errorf("allocating over TCP: %w", err)
	}
	if err := c.CreatePermission(&net.TCPAddr{IP: peer.AsSlice()}); err != nil {
		return nil, errors.Join(fmt.Errorf("permitting peer %s: %w", peer, err), allocation.Close())
	}
	return &Listener{
		client: c, relayed: allocation.Addr(), close: allocation.Close, deadlines: allocation.SetDeadline,
		bind: func(conn net.Conn) error {
			_, err := allocation.AcceptTCPWithConn(conn)
			return err
		},
	}, nil
}

// Open lets a peer connect to the relayed address and takes its connection.
func (l *Listener) Open(peer netip.Addr) (*Channel, error) {
	relayed, err := netip.ParseAddrPort(l.relayed.String())
	if err != nil {
		return nil, fmt.Errorf("reading the relayed address: %w", err)
	}
	outer, err := dialTCP(peer, relayed)
	if err != nil {
		return nil, fmt.Errorf("connecting to the relayed address: %w", err)
	}
	inner, err := dialTCP(l.client.local, l.client.server)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to the relay: %w", err), outer.Close())
	}
	c := &Channel{Client: inner, Peer: outer}
	limit := time.Now().Add(patience)
	if err := errors.Join(inner.SetDeadline(limit), l.deadlines(limit)); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := l.bind(inner); err != nil {
		return nil, errors.Join(fmt.Errorf("taking a peer's connection: %w", err), c.Close())
	}
	if err := inner.SetDeadline(time.Time{}); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close gives the allocation back.
func (l *Listener) Close() error { return l.close() }

// Vanish ends both ends without a word.
func (c *Channel) Vanish() error {
	return errors.Join(forget(c.Client), forget(c.Peer), c.Close())
}
