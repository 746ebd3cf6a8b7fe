// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"jamibox/turn/bench/client"
	"jamibox/turn/bench/server"
)

const (
	// prompt is how soon a revoked device must have lost what it had.
	prompt = 5 * time.Second
	// lost is how long a packet may be under way before it counts as lost.
	lost = 300 * time.Millisecond
)

// revoked revokes a device during a call and an open channel.
func (p *place) revoked(ctx context.Context) (err error) {
	device := p.next()
	a, err := p.party(device)
	if err != nil {
		return err
	}
	defer func() { _ = a.hangUp() }() // the relay refuses
	b, err := p.party(0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hangUp()) }()
	if err := pair(a, b); err != nil {
		return err
	}
	if heard, err := says(a, b); err != nil || !heard {
		return errors.Join(err, errors.New("nothing is heard before the device is revoked"))
	}
	c, err := p.dialAs("tcp", device, clientAddr(p.next()))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	peer := p.peer()
	listener, err := c.ListenTCP(peer)
	if err != nil {
		return err
	}
	channel, err := listener.Open(peer)
	if err != nil {
		return err
	}
	defer func() { _ = channel.Close() }()

	if err := p.relay.Deny(device); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.relay.Allow(device)) }()
	if err := silent(ctx, a, b); err != nil {
		return err
	}
	for _, end := range []interface {
		SetReadDeadline(time.Time) error
		Read([]byte) (int, error)
	}{channel.Client, channel.Peer} {
		if err := end.SetReadDeadline(time.Now().Add(prompt)); err != nil {
			return err
		}
		if _, err := end.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("the channel of a revoked device is open %s later", prompt)
		}
	}
	if again, err := p.party(device); err == nil {
		return errors.Join(errors.New("a revoked device could allocate"), again.hangUp())
	}
	return nil
}

// says reports whether a packet of a gets to b.
func says(a, b *party) (bool, error) {
	// The end of the way to the relay is no way either.
	_, _ = a.relay.WriteTo(media(0, packetHead), b.relay.LocalAddr())
	if err := b.relay.SetReadDeadline(time.Now().Add(lost)); err != nil {
		return false, err
	}
	_, _, err := b.relay.ReadFrom(make([]byte, 100))
	if err == nil {
		return true, nil
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return false, nil
	}
	return false, err
}

// silent waits until nothing of a gets to b.
func silent(ctx context.Context, a, b *party) error {
	for start := time.Now(); ctx.Err() == nil; {
		heard, err := says(a, b)
		if err != nil || !heard {
			return err
		}
		if time.Since(start) > prompt {
			return fmt.Errorf("a revoked device is heard %s later", prompt)
		}
	}
	return ctx.Err()
}

// wrongPassword must get nothing.
func (p *place) wrongPassword() error {
	i := p.next()
	username, _ := p.relay.Credentials(i)
	c, err := client.Dial(anyNetwork(), clientAddr(i), server.Addr(), username, "not the password")
	if err != nil {
		return err
	}
	if _, err := c.Allocate(); err == nil {
		return errors.Join(errors.New("a wrong password was accepted"), c.Close())
	}
	return c.Close()
}
