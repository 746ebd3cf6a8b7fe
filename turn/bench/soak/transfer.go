// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"golang.org/x/sync/errgroup"
)

// stall bounds how long nothing may arrive.
const stall = 30 * time.Second

// transfer opens a channel, sends different data both ways in writes of a
// size, ends each way on its own, and compares every byte.
func (p *place) transfer(size, write int) (err error) {
	c, err := p.dial("tcp")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	peer := p.peer()
	listener, err := c.ListenTCP(peer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, listener.Close()) }()
	channel, err := listener.Open(peer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, channel.Close()) }()

	up, down := rand.Uint64(), rand.Uint64()
	var group errgroup.Group
	group.Go(func() error { return send(channel.Client, up, size, write) })
	group.Go(func() error { return send(channel.Peer, down, size, write) })
	group.Go(func() error { return compare(channel.Peer, up, size) })
	group.Go(func() error { return compare(channel.Client, down, size) })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("sending %d bytes both ways in writes of %d: %w", size, write, err)
	}
	return nil
}

// stream is the same endless data for the same number.
func stream(number uint64) *rand.ChaCha8 {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], number)
	return rand.NewChaCha8(seed)
}

func send(conn *net.TCPConn, number uint64, size, write int) error {
	data, chunk := stream(number), make([]byte, write)
	for left := size; left > 0; {
		part := chunk[:min(left, write)]
		_, _ = data.Read(part) // never fails
		if err := conn.SetWriteDeadline(time.Now().Add(stall)); err != nil {
			return err
		}
		n, err := conn.Write(part)
		if err != nil {
			return err
		}
		left -= n
	}
	return conn.CloseWrite()
}

func compare(conn *net.TCPConn, number uint64, size int) error {
	data := stream(number)
	got, wanted := make([]byte, 64<<10), make([]byte, 64<<10)
	for received := 0; ; {
		if err := conn.SetReadDeadline(time.Now().Add(stall)); err != nil {
			return err
		}
		n, err := conn.Read(got)
		_, _ = data.Read(wanted[:n]) // never fails
		if !bytes.Equal(got[:n], wanted[:n]) {
			return fmt.Errorf("between byte %d and %d other data arrived than was sent", received, received+n)
		}
		received += n
		switch {
		case errors.Is(err, io.EOF) && received == size:
			return nil
		case err != nil:
			return fmt.Errorf("after %d of %d bytes: %w", received, size, err)
		case received > size:
			return fmt.Errorf("more than the %d bytes arrived that were sent", size)
		}
	}
}
