// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"jamibox/turn/message"
)

const (
	// probeTime bounds a probe if the context does not.
	probeTime = 10 * time.Second
	// probeTries are how often a packet is sent; the network may lose some.
	probeTries = 3
	probeWait  = time.Second
)

// Check proves that the relay works. Over TCP it does as Jami does: it
// allocates a relayed address as a client, permits a peer, accepts the
// connection of that peer, and has a byte echoed through it. Over UDP two
// clients send each other a packet from relay to relay. It returns
// ErrNotRunning while the relay is not serving.
func (s *Server) Check(ctx context.Context) error {
	r := s.live.Load()
	if r == nil {
		return ErrNotRunning
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	server, ok := r.udpAddr()
	if !ok {
		return errors.New("probing the relay: the box has no address to listen on")
	}
	if err := s.checkTCP(ctx, r, server); err != nil {
		return fmt.Errorf("probing the relay over tcp: %w", err)
	}
	if err := s.checkUDP(ctx, r, server); err != nil {
		return fmt.Errorf("probing the relay over udp: %w", err)
	}
	return nil
}

func (s *Server) checkTCP(ctx context.Context, r *session, server netip.AddrPort) (err error) {
	client, err := s.dialProbe(ctx, "tcp", server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.close()) }()
	allocation, err := client.AllocateTCP()
	if err != nil {
		return errors.Join(fmt.Errorf("allocating: %w", err), ctx.Err())
	}
	defer func() { err = errors.Join(err, client.release(allocation.Close)) }()
	relayed := r.reachable(allocation.Addr().(*net.TCPAddr).AddrPort(), server.Addr())
	if err := client.CreatePermission(net.TCPAddrFromAddrPort(relayed)); err != nil {
		return errors.Join(fmt.Errorf("asking permission: %w", err), ctx.Err())
	}

	peer, hangUp, err := r.dialAsPeer(ctx, relayed)
	if err != nil {
		return fmt.Errorf("connecting to the relayed address %s: %w", relayed, err)
	}
	defer func() { err = errors.Join(err, hangUp()) }()
	data, err := new(net.Dialer).DialContext(ctx, "tcp", server.String())
	if err != nil {
		return fmt.Errorf("connecting for the data: %w", err)
	}
	defer func() { err = errors.Join(err, closed(data.Close())) }()
	deadline, _ := ctx.Deadline()
	if err := errors.Join(allocation.SetDeadline(deadline), data.SetDeadline(deadline), peer.SetDeadline(deadline)); err != nil {
		return err
	}
	accepted, err := allocation.AcceptTCPWithConn(data)
	if err != nil {
		return fmt.Errorf("accepting the peer: %w", err)
	}
	return echo(peer, accepted)
}

// dialAsPeer connects to a relayed address from this box, which the policy
// forbids to all but this one connection: its port is one of the relay's own,
// so nobody else can have it.
func (r *session) dialAsPeer(ctx context.Context, relayed netip.AddrPort) (*net.TCPConn, func() error, error) {
	_, _, ports, ok := r.book.over("tcp").Relayed(message.FamilyOf(relayed.Addr()), relayed.Addr())
	if !ok {
		return nil, nil, errors.New("no address of its family is served")
	}
	var conn net.Conn
	var withdraw func()
	number, err := ports.Take(func(number uint16) error {
		from := netip.AddrPortFrom(relayed.Addr(), number)
		withdraw = r.policy.Admit(from)
		dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(from)}
		var err error
		if conn, err = dialer.DialContext(ctx, "tcp", relayed.String()); err != nil {
			withdraw()
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return conn.(*net.TCPConn), func() error {
		withdraw()
		// A reset leaves the port free for the next probe.
		err := errors.Join(conn.(*net.TCPConn).SetLinger(0), closed(conn.Close()))
		ports.Give(number)
		return err
	}, nil
}

// echo sends a byte from one end of a relayed connection to the other and back.
func echo(peer, client net.Conn) error {
	one := []byte{'?'}
	for _, way := range [][2]net.Conn{{peer, client}, {client, peer}} {
		if _, err := way[0].Write(one); err != nil {
			return fmt.Errorf("sending a byte: %w", err)
		}
		got := make([]byte, 1)
		if _, err := io.ReadFull(way[1], got); err != nil {
			return fmt.Errorf("receiving a byte: %w", err)
		}
		if !bytes.Equal(got, one) {
			return fmt.Errorf("receiving a byte: got %q instead of %q", got, one)
		}
	}
	return nil
}

func (s *Server) checkUDP(ctx context.Context, r *session, server netip.AddrPort) (err error) {
	var clients [2]*probe
	var relays [2]net.PacketConn
	var addrs [2]*net.UDPAddr
	for i, network := range []string{"udp", "tcp"} {
		client, err := s.dialProbe(ctx, network, server)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, client.close()) }()
		relay, err := client.Allocate()
		if err != nil {
			return errors.Join(fmt.Errorf("allocating over %s: %w", network, err), ctx.Err())
		}
		defer func() { err = errors.Join(err, client.release(relay.Close)) }()
		clients[i], relays[i] = client, relay
		addrs[i] = net.UDPAddrFromAddrPort(r.reachable(relay.LocalAddr().(*net.UDPAddr).AddrPort(), server.Addr()))
	}
	if err := clients[1].CreatePermission(addrs[0]); err != nil {
		return errors.Join(fmt.Errorf("asking permission: %w", err), ctx.Err())
	}
	// The first one's packet opens its side, so that the second's can come in.
	if err := send(ctx, relays[0], relays[1], addrs[1]); err != nil {
		return fmt.Errorf("packet from a udp client to a tcp client: %w", err)
	}
	if err := send(ctx, relays[1], relays[0], addrs[0]); err != nil {
		return fmt.Errorf("packet from a tcp client to a udp client: %w", err)
	}
	return nil
}

// send lets one relayed address send a packet to another, which must get it.
func send(ctx context.Context, from, to net.PacketConn, relayed net.Addr) error {
	sent := []byte(rand.Text())
	received := make([]byte, 2*len(sent))
	for range probeTries {
		if _, err := from.WriteTo(sent, relayed); err != nil {
			return errors.Join(err, ctx.Err())
		}
		if err := to.SetReadDeadline(time.Now().Add(probeWait)); err != nil {
			return err
		}
		n, _, err := to.ReadFrom(received)
		switch {
		case err == nil && bytes.Equal(received[:n], sent):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !isTimeout(err):
			return err
		}
	}
	return fmt.Errorf("lost %d times: %w", probeTries, os.ErrDeadlineExceeded)
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// reachable returns where this box itself reaches a relayed address: behind a
// NAT the advertised one may not lead back here, but its sockets are bound to
// the address that the client came in on as well.
func (r *session) reachable(relayed netip.AddrPort, server netip.Addr) netip.AddrPort {
	_, bound, _, ok := r.book.over("udp").Relayed(message.FamilyOf(relayed.Addr()), server)
	if !ok || bound.IsUnspecified() {
		bound = server
	}
	return netip.AddrPortFrom(bound, relayed.Port())
}
