// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"jamibox/appliance/bench/beside"
	"jamibox/turn/bench/client"
	"jamibox/turn/bench/netns"
	"jamibox/turn/bench/server"
)

// bulk is a load of one TCP connection through the relay.
type bulk struct {
	up    bool // from the client to the peer
	write int  // bytes of each write
	rate  int  // writes a second; 0 is as many as go
}

const (
	// smallest is the write that counts by its bytes.
	smallest = 1 << 10
	// discard is how much one read throws away at most.
	discard = 4 << 20
	// stall is how long nothing may arrive of what was sent.
	stall = 5 * time.Second
	// look is how often the receiver looks whether the sender is done.
	look = 50 * time.Millisecond
)

func bulkRow(name string, cpus []int, b bulk) row {
	cost := beside.Figure{Name: "CPU per GB", Unit: "ms", Goal: beside.AtMost(0.35)}
	if b.write < smallest {
		cost = beside.Figure{Name: "CPU per write", Unit: "µs"}
	}
	return row{
		Row: beside.Row{Name: name, Figures: []beside.Figure{
			cost,
			{Name: "relayed", Unit: "MB/s"},
			{Name: "relay's CPU", Unit: "%"},
			{Name: "generator's CPU", Unit: "%"},
		}},
		cpus: cpus,
		measure: func(p *server.Process, o options) ([]float64, error) {
			username, password := p.Credentials(0)
			c, err := client.Dial("tcp", netns.Host(netns.Clients(), 0), server.Addr(), username, password)
			if err != nil {
				return nil, err
			}
			defer func() { _ = c.Close() }()
			peer := netns.Host(netns.Peers(), 0)
			listener, err := c.ListenTCP(peer)
			if err != nil {
				return nil, err
			}
			channel, err := listener.Open(peer)
			if err != nil {
				return nil, err
			}
			defer func() { _ = channel.Close() }()
			var moved int64
			s, err := spending(p, func() error {
				moved, err = b.run(channel, o.duration)
				return err
			})
			if err != nil {
				return nil, err
			}
			cost := 1e3 * s.relay.Seconds() / (float64(moved) / 1e9)
			if b.write < smallest {
				cost = micros(s.relay) / (float64(moved) / float64(b.write))
			}
			return []float64{
				cost,
				float64(moved) / 1e6 / s.wall.Seconds(),
				100 * s.relay.Seconds() / s.wall.Seconds(),
				100 * s.generator.Seconds() / s.wall.Seconds(),
			}, listener.Close()
		},
	}
}

// run moves bytes for a while and returns how many arrived, which must be all.
func (b bulk) run(c *client.Channel, duration time.Duration) (int64, error) {
	from, to := c.Peer, c.Client
	if b.up {
		from, to = to, from
	}
	var sent atomic.Int64
	done := make(chan error, 1)
	go func() { done <- b.send(from, duration, &sent) }()
	received, err := sink(to, &sent, done)
	if err != nil {
		return received, fmt.Errorf("moving data through the relay: %w", err)
	}
	return received, nil
}

func (b bulk) send(conn *net.TCPConn, duration time.Duration, sent *atomic.Int64) error {
	var due <-chan time.Time
	if b.rate > 0 {
		pace := time.NewTicker(time.Second / time.Duration(b.rate))
		defer pace.Stop()
		due = pace.C
	}
	chunk := make([]byte, b.write)
	for start := time.Now(); time.Since(start) < duration; {
		if due != nil {
			<-due
		}
		n, err := conn.Write(chunk)
		sent.Add(int64(n))
		if err != nil {
			return err
		}
	}
	return nil
}

// sink throws away what arrives, without copying it, until all that was sent
// is there. It does not wait for the end of the stream, since coturn drops
// what is under way then.
func sink(conn *net.TCPConn, sent *atomic.Int64, done <-chan error) (int64, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var received int64
	buf := make([]byte, discard)
	finished, progress := false, time.Now()
	for !finished || received < sent.Load() {
		if err := conn.SetReadDeadline(time.Now().Add(look)); err != nil {
			return received, err
		}
		var n int
		var failure error
		err := raw.Read(func(fd uintptr) bool {
			n, _, failure = unix.Recvfrom(int(fd), buf, unix.MSG_TRUNC|unix.MSG_DONTWAIT)
			return !errors.Is(failure, unix.EAGAIN)
		})
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && time.Since(progress) < stall:
		case err != nil:
			return received, fmt.Errorf("after %d bytes of %d: %w", received, sent.Load(), err)
		case failure != nil:
			return received, failure
		case n == 0:
			return received, io.ErrUnexpectedEOF
		default:
			received += int64(n)
			progress = time.Now()
		}
		select {
		case err := <-done:
			if err != nil {
				return received, err
			}
			finished = true
		default:
		}
	}
	return received, nil
}
