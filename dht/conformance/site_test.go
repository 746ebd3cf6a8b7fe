// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// tries bounds how often something is tried that another program may spoil.
const tries = 20

// site is where nodes and clients are. What a node sends to a client that is
// gone must not reach anybody else, so that no address is used twice and no
// client leaves before all nodes have: a system with few ports gives them out
// again soon. It is safe for concurrent use.
type site struct {
	mu    sync.Mutex
	last  uint16 // of the addresses that were given out
	ports map[uint16]bool
	conns []*net.UDPConn
}

func newSite(t *testing.T) *site {
	s := &site{ports: make(map[uint16]bool)}
	t.Cleanup(func() {
		for _, conn := range s.conns {
			require.NoError(t, conn.Close())
		}
		t.Logf("%d clients, %d nodes", len(s.conns), len(s.ports))
	})
	return s
}

// source returns an address that no other client has: nodes count by it.
func (s *site) source() netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return netip.AddrFrom4([4]byte{127, 1, byte(s.last >> 8), byte(s.last)})
}

// dial returns a socket at the address to one of the nodes.
func (s *site) dial(t *testing.T, source netip.Addr, to netip.AddrPort) *net.UDPConn {
	t.Helper()
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(source, 0)), net.UDPAddrFromAddrPort(to))
	require.NoError(t, err)
	s.mu.Lock()
	s.conns = append(s.conns, conn)
	s.mu.Unlock()
	require.NoError(t, conn.SetReadBuffer(4<<20))
	return conn
}

// nodePort returns a port that no node has had, and that is free on all
// addresses; not one of those that systems give to who asks for any.
func (s *site) nodePort(t *testing.T) uint16 {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	const first, choice = 20000, 10000
	var errs error
	for range tries {
		port := uint16(first + rand.N(choice))
		if s.ports[port] {
			continue
		}
		socket, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(port)})
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		require.NoError(t, socket.Close())
		s.ports[port] = true
		return port
	}
	require.FailNow(t, "no port is free", "%v", errs)
	return 0
}

// hasIPv6 reports whether a client could have the loopback address of IPv6.
func hasIPv6() bool {
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	return err == nil && conn.Close() == nil
}
