// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
)

const (
	// relayBuffer is asked of the kernel for each relayed socket, in bytes.
	relayBuffer = 1 << 20
	// maxReadErrors in a row end a UDP socket. Fewer do not: pion takes any
	// error for the end of the socket, yet Windows reports the ICMP answer to
	// a packet sent earlier as an error of the next read.
	maxReadErrors = 100
)

// relays opens the relayed addresses. It is pion's relay address generator,
// and safe for concurrent use.
type relays struct {
	advertised netip.Addr // IPv4, told to clients
	bound      netip.Addr // where sockets are bound; the wildcard if advertised is not on the box
	ports      portRange
	inUse      *portSet
	policy     *peerPolicy
	count      *counters
}

// Validate implements pion's interface; relays are checked when made.
func (r *relays) Validate() error { return nil }

// AllocateConn implements pion's interface.
func (r *relays) AllocateConn(string, int) (net.Conn, net.Addr, error) {
	return nil, nil, errNoTCPRelay
}

// AllocatePacketConn opens a relayed UDP address on the requested port, or on
// a random one for port 0. The network is always "udp4" in pion/turn v3.
func (r *relays) AllocatePacketConn(_ string, requested int) (net.PacketConn, net.Addr, error) {
	candidates, start := r.ports.size(), rand.IntN(r.ports.size())
	if requested != 0 {
		candidates, start = 1, requested-int(r.ports.first)
		if start < 0 || start >= r.ports.size() {
			return nil, nil, fmt.Errorf("opening relayed port %d: outside %s", requested, r.ports)
		}
	}
	for i := range candidates {
		port := r.ports.at(start + i)
		if !r.inUse.reserve(port) {
			continue
		}
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.bound, port)))
		if err == nil {
			// Best effort: the kernel caps it, and a smaller one works.
			_ = conn.SetReadBuffer(relayBuffer)
			relayed := net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.advertised, port))
			return &relayConn{UDPConn: conn, port: port, relays: r}, relayed, nil
		}
		r.inUse.release(port)
		if !isAddrInUse(err) {
			return nil, nil, fmt.Errorf("opening relayed port %d: %w", port, err)
		}
	}
	return nil, nil, fmt.Errorf("opening a relayed port in %s: %w", r.ports, errPortsExhausted)
}

// relayConn is a relayed address. It enforces the peer policy and counts.
//
// Enforcement is here and not in the answer to CreatePermission because Jami
// asks permission for all candidates of a peer in one request: a single
// refused address, such as a container bridge's, would cost it all of them.
type relayConn struct {
	*net.UDPConn
	port   uint16
	relays *relays
	once   sync.Once
}

// ReadFrom returns the next packet from a peer that the policy allows.
func (c *relayConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for failures := 0; ; {
		n, peer, err := c.ReadFromUDPAddrPort(p)
		if err != nil {
			if failures++; failures > maxReadErrors || errors.Is(err, net.ErrClosed) {
				return 0, nil, err
			}
			continue
		}
		failures = 0
		if !c.relays.policy.allows(peer) {
			c.relays.count.deniedFrom.Add(1)
			continue
		}
		c.relays.count.down.add(n)
		return n, net.UDPAddrFromAddrPort(peer), nil
	}
}

// WriteTo sends a packet to a peer. One that the policy denies is dropped
// without an error, as a network would.
func (c *relayConn) WriteTo(p []byte, addr net.Addr) (int, error) {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("sending to peer %s: not a UDP address", addr)
	}
	peer := netip.AddrPortFrom(udp.AddrPort().Addr().Unmap(), udp.AddrPort().Port())
	if !peer.Addr().Is4() || !c.relays.policy.allows(peer) {
		c.relays.count.deniedTo.Add(1)
		return len(p), nil
	}
	n, err := c.WriteToUDPAddrPort(p, peer)
	if err == nil {
		c.relays.count.up.add(n)
	}
	return n, err
}

// Close gives the port back. Further calls do nothing: pion closes some
// allocations twice, and stops closing the rest at the first error.
func (c *relayConn) Close() error {
	var err error
	c.once.Do(func() {
		err = c.UDPConn.Close()
		c.relays.inUse.release(c.port)
	})
	return err
}
