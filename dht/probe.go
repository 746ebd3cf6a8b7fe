// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"time"

	"jamibox/dht/wire"
)

const (
	// probeTimeout bounds one probe whose context sets no earlier end.
	probeTimeout = 3 * time.Second
	// resendAfter is the wait for an answer before the request is repeated: a
	// datagram may be lost even here, when the node drops what exceeds its
	// limits.
	resendAfter = time.Second
)

// prober asks one node as a client would, from one source port and under one
// node id. It is safe for concurrent use; probes take turns.
type prober struct {
	node netip.AddrPort
	id   wire.ID
	conn *net.UDPConn
	turn chan struct{} // holds one element while a probe is under way
	buf  []byte        // belongs to the probe under way
}

// answer is what a successful probe learned.
type answer struct {
	node  wire.ID
	token []byte
	rtt   time.Duration
	nodes int
}

func dialProber(node netip.AddrPort) (*prober, error) {
	// A connected socket hears nothing from others, and learns at once when
	// nobody listens at the port.
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(node))
	if err != nil {
		return nil, fmt.Errorf("opening a socket to probe the dht node at %s: %w", node, err)
	}
	return &prober{
		node: node,
		id:   randomID(),
		conn: conn,
		turn: make(chan struct{}, 1),
		buf:  make([]byte, wire.MaxDatagram),
	}, nil
}

// close ends a probe under way with an error.
func (p *prober) close() error { return p.conn.Close() }

// probe pings the node, then asks it for nodes near a random target, which must
// bring the token without which clients would shun the node.
func (p *prober) probe(ctx context.Context) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if err := p.take(ctx); err != nil {
		return answer{}, err
	}
	defer p.giveBack()

	start := time.Now()
	pong, err := p.exchange(ctx, "ping", wire.AppendPing)
	if err != nil {
		return answer{}, err
	}
	rtt, id := time.Since(start), pong.Sender
	found, err := p.exchange(ctx, "find", func(b []byte, h wire.Header) []byte {
		return wire.AppendFind(b, h, randomID())
	})
	if err != nil {
		return answer{}, err
	}
	if len(found.Token) != wire.TokenSize {
		return answer{}, fmt.Errorf("dht node at %s answered find with a token of %d bytes, expected %d",
			p.node, len(found.Token), wire.TokenSize)
	}
	return answer{node: id, token: bytes.Clone(found.Token), rtt: rtt, nodes: found.Nodes.Len()}, nil
}

// exchange sends one request, repeats it while nothing comes, and returns the
// reply to it, which shares memory with p.buf. Everything else that arrives is
// ignored.
func (p *prober) exchange(ctx context.Context, method string,
	encode func([]byte, wire.Header) []byte,
) (*wire.Message, error) {
	header := wire.Header{
		Transaction: 1 + rand.Uint32N(math.MaxUint32),
		Sender:      p.id,
		Client:      true,
	}
	// Ends a read under way. Should it come late, the next exchange reads one
	// timeout too early and goes on.
	stop := context.AfterFunc(ctx, func() { p.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	request := encode(nil, header)
	start := time.Now()
	var unread error
	for resend := time.Now(); ; {
		if now := time.Now(); !now.Before(resend) {
			if _, err := p.conn.Write(request); err != nil {
				return nil, fmt.Errorf("sending %s to the dht node at %s: %w", method, p.node, err)
			}
			resend = now.Add(resendAfter)
		}
		if err := p.conn.SetReadDeadline(resend); err != nil {
			return nil, fmt.Errorf("probing the dht node at %s: %w", p.node, err)
		}
		if ctx.Err() != nil {
			return nil, p.noAnswer(ctx, method, time.Since(start), unread)
		}
		n, err := p.conn.Read(p.buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("awaiting the answer to %s from the dht node at %s: %w", method, p.node, err)
		}
		var reply wire.Message
		err = reply.Decode(p.buf[:n])
		switch {
		case err != nil:
			unread = err
		case reply.Transaction != header.Transaction:
		case reply.Kind == wire.KindError:
			return nil, fmt.Errorf("dht node at %s refused %s: %w", p.node, method, &reply.Refusal)
		case reply.Kind == wire.KindReply:
			return &reply, nil
		}
	}
}

func (p *prober) noAnswer(ctx context.Context, method string, after time.Duration, unread error) error {
	after = after.Round(time.Millisecond)
	if unread != nil {
		return fmt.Errorf("no valid answer to %s from the dht node at %s after %s: %w (last datagram: %w)",
			method, p.node, after, ctx.Err(), unread)
	}
	return fmt.Errorf("no answer to %s from the dht node at %s after %s: %w", method, p.node, after, ctx.Err())
}
