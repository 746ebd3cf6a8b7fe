// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	pion "github.com/pion/turn/v3"
)

const (
	// probeDevice has a blank, so that no device can have this id.
	probeDevice = "health probe"
	// probeTime bounds a probe if the context does not.
	probeTime = 10 * time.Second
	// probeTries are how often a packet is sent; the network may lose some.
	probeTries = 3
	probeWait  = time.Second
)

// Check proves that the relay works: it allocates a relayed address as a
// client over UDP and one over TCP, lets each send a packet to the other
// through the relay, and ends both allocations. It returns ErrNotRunning while
// the relay is not serving.
func (s *Server) Check(ctx context.Context) (err error) {
	r := s.live.Load()
	if r == nil {
		return ErrNotRunning
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()

	server := r.sockets[0].udp[0].LocalAddr().(*net.UDPAddr)
	overUDP, err := s.dialProbe(ctx, "udp", server.String())
	if err != nil {
		return fmt.Errorf("probing the relay: %w", err)
	}
	defer func() { err = errors.Join(err, overUDP.close()) }()
	overTCP, err := s.dialProbe(ctx, "tcp", server.String())
	if err != nil {
		return fmt.Errorf("probing the relay: %w", err)
	}
	defer func() { err = errors.Join(err, overTCP.close()) }()

	// Behind a NAT the advertised address may not lead back here.
	ip := r.relays.bound
	if ip.IsUnspecified() {
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	udpRelay, tcpRelay := overUDP.relayed(ip), overTCP.relayed(ip)
	if err := overTCP.client.CreatePermission(udpRelay); err != nil {
		return fmt.Errorf("probing the relay: asking permission over tcp: %w", err)
	}
	if err := send(ctx, overUDP, overTCP, tcpRelay); err != nil {
		return fmt.Errorf("probing the relay: packet from a udp client to a tcp client: %w", err)
	}
	if err := send(ctx, overTCP, overUDP, udpRelay); err != nil {
		return fmt.Errorf("probing the relay: packet from a tcp client to a udp client: %w", err)
	}
	return nil
}

// probe is a client of the relay with an allocation.
type probe struct {
	conn   net.PacketConn
	client *pion.Client
	relay  net.PacketConn
	stop   func() bool
}

// dialProbe returns a client with an allocation, which gives up when ctx ends.
func (s *Server) dialProbe(ctx context.Context, network, server string) (*probe, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, server)
	if err != nil {
		return nil, fmt.Errorf("connecting over %s: %w", network, err)
	}
	p := &probe{conn: packets{conn}}
	if network == "tcp" {
		p.conn = pion.NewSTUNConn(conn)
	}
	username, password := s.creds.For(probeDevice)
	p.client, err = pion.NewClient(&pion.ClientConfig{
		// Only looked at by pion, which resolves IPv4 alone: the connection
		// leads to the server already.
		TURNServerAddr: "127.0.0.1:3478",
		Username:       username,
		Password:       password,
		Conn:           p.conn,
		LoggerFactory:  pionLogger{s.logger},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a client: %w", err), conn.Close())
	}
	p.stop = context.AfterFunc(ctx, p.giveUp)
	if err := p.client.Listen(); err != nil {
		return nil, errors.Join(fmt.Errorf("listening over %s: %w", network, err), p.close())
	}
	if p.relay, err = p.client.Allocate(); err != nil {
		return nil, errors.Join(fmt.Errorf("allocating over %s: %w", network, err), p.close(), ctx.Err())
	}
	return p, nil
}

// relayed returns where the relayed address is reached at ip.
func (p *probe) relayed(ip netip.Addr) *net.UDPAddr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(p.relay.LocalAddr().(*net.UDPAddr).Port)))
}

// giveUp fails what waits for an answer and what would be sent next.
func (p *probe) giveUp() {
	p.client.Close()
	// The only error is that the connection is closed already.
	_ = p.conn.SetDeadline(time.Unix(1, 0))
}

// close ends the allocation and the connection. It must be called once.
func (p *probe) close() error {
	p.stop()
	var errs []error
	if p.relay != nil {
		// The allocation is to end even when time is up.
		errs = append(errs, p.conn.SetWriteDeadline(time.Time{}), p.relay.Close())
	}
	p.client.Close()
	return errors.Join(append(errs, p.conn.Close())...)
}

// send lets one probe send a packet to the relayed address of another, which
// must get it.
func send(ctx context.Context, from, to *probe, relayed net.Addr) error {
	sent := []byte(rand.Text())
	received := make([]byte, 2*len(sent))
	for range probeTries {
		if _, err := from.relay.WriteTo(sent, relayed); err != nil {
			return errors.Join(err, ctx.Err())
		}
		if err := to.relay.SetReadDeadline(time.Now().Add(probeWait)); err != nil {
			return err
		}
		n, _, err := to.relay.ReadFrom(received)
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

// packets is a connected UDP socket as a packet connection: net's own refuses
// WriteTo.
type packets struct{ net.Conn }

func (c packets) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	return n, c.RemoteAddr(), err
}

func (c packets) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }
