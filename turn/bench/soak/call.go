// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"jamibox/turn/bench/client"
)

const (
	// interval is between the packets of one way of a call.
	interval = 20 * time.Millisecond
	// late is how long the last packets of a call may take.
	late = 5 * time.Second
	// packetHead is the number and the checksum of a packet.
	packetHead = 12
)

// party is one side of a call, with the relayed address it can be reached at.
type party struct {
	*client.Client
	relay net.PacketConn
}

func (p *place) party(device int) (*party, error) {
	i := p.next()
	if device == 0 {
		device = i
	}
	c, err := p.dialAs(anyNetwork(), device, clientAddr(i))
	if err != nil {
		return nil, err
	}
	relay, err := c.Allocate()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("allocating for a call: %w", err), c.Close())
	}
	return &party{c, relay}, nil
}

// hangUp gives the allocation back.
func (p *party) hangUp() error { return errors.Join(p.relay.Close(), p.Close()) }

// pair lets two parties reach each other, relay to relay.
func pair(a, b *party) error {
	return errors.Join(a.CreatePermission(b.relay.LocalAddr()), b.CreatePermission(a.relay.LocalAddr()))
}

// call sends n packets of a size both ways, all of which must arrive.
func (p *place) call(ctx context.Context, n, size int) (err error) {
	a, err := p.party(0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.hangUp()) }()
	b, err := p.party(0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.hangUp()) }()
	if err := pair(a, b); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return speak(ctx, a, b, n, size) })
	group.Go(func() error { return speak(ctx, b, a, n, size) })
	group.Go(func() error { return listen(a, n, size) })
	group.Go(func() error { return listen(b, n, size) })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("a call of %d packets of %d bytes: %w", n, size, err)
	}
	return nil
}

func speak(ctx context.Context, from, to *party, n, size int) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for number := range n {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if _, err := from.relay.WriteTo(media(uint32(number), size), to.relay.LocalAddr()); err != nil {
			return err
		}
	}
	return nil
}

// media makes the packet of a number.
func media(number uint32, size int) []byte {
	p := make([]byte, max(size, packetHead))
	binary.BigEndian.PutUint32(p, number)
	_, _ = stream(uint64(number)).Read(p[packetHead:]) // never fails
	binary.BigEndian.PutUint32(p[4:], crc32.ChecksumIEEE(p[packetHead:]))
	return p
}

func listen(p *party, n, size int) error {
	arrived := make([]bool, n)
	buf := make([]byte, 2000)
	for count := 0; count < n; count++ {
		if err := p.relay.SetReadDeadline(time.Now().Add(late)); err != nil {
			return err
		}
		length, _, err := p.relay.ReadFrom(buf)
		if err != nil {
			return fmt.Errorf("after %d packets: %w", count, err)
		}
		if length != max(size, packetHead) || crc32.ChecksumIEEE(buf[packetHead:length]) != binary.BigEndian.Uint32(buf[4:]) {
			return errors.New("a packet arrived broken")
		}
		number := binary.BigEndian.Uint32(buf)
		if int(number) >= n || arrived[number] {
			return fmt.Errorf("packet %d arrived twice or was never sent", number)
		}
		arrived[number] = true
	}
	return nil
}

func anySize() int { return packetHead + rand.IntN(1188) }
