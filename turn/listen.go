// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
)

const (
	// listenBuffer is asked of the kernel for each listening UDP socket, in
	// bytes: all clients of the box share it.
	listenBuffer = 4 << 20
	// portAttempts bounds the search for a port that is free over TCP and UDP
	// alike when any will do.
	portAttempts = 16
)

// sockets are the listening sockets of one address, on one port.
type sockets struct {
	tcp *net.TCPListener
	udp []*net.UDPConn // never empty
}

// listen binds an address over TCP and UDP. Port 0 takes any free one.
//
// Where the host part is empty or a wildcard, each servable address of local
// gets a UDP socket of its own: an answer from a wildcard socket carries the
// source address that the route back prefers, which on a box with several
// addresses need not be the one the client sent to, and clients drop such an
// answer. Over TCP the connection fixes both addresses, so one wildcard
// listener does.
func listen(address string, local []localAddr, logger *slog.Logger) (*sockets, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("resolving turn.listen %q: %w", address, err)
	}
	for attempt := 1; ; attempt++ {
		s, err := bind(addr, local, logger)
		if err == nil || addr.Port != 0 || attempt == portAttempts || !isAddrInUse(err) {
			return s, err
		}
	}
}

func bind(addr *net.TCPAddr, local []localAddr, logger *slog.Logger) (*sockets, error) {
	network := "tcp"
	if ip, ok := netip.AddrFromSlice(addr.IP); ok && ip.Unmap() == netip.IPv4Unspecified() {
		network = "tcp4"
	}
	tcp, err := net.ListenTCP(network, addr)
	if err != nil {
		return nil, bindError(addr, "TCP", err)
	}
	s := &sockets{tcp: tcp}
	port := tcp.Addr().(*net.TCPAddr).Port

	wildcard := addr.IP == nil || addr.IP.IsUnspecified()
	for _, ip := range udpAddrs(addr, network, local) {
		udpAddr := &net.UDPAddr{IP: ip.AsSlice(), Port: port, Zone: ip.Zone()}
		conn, err := net.ListenUDP("udp", udpAddr)
		if err != nil && wildcard && isAddrUnavailable(err) {
			// Not usable yet or gone since it was listed; the others serve.
			logger.Warn("skipping an address that cannot be bound", "addr", udpAddr.String(), "err", err)
			continue
		}
		if err != nil {
			return nil, errors.Join(bindError(udpAddr, "UDP", err), s.close())
		}
		if err := conn.SetReadBuffer(listenBuffer); err != nil {
			logger.Debug("keeping the receive buffer as it is", "addr", udpAddr.String(), "err", err)
		}
		s.udp = append(s.udp, conn)
	}
	if len(s.udp) == 0 {
		return nil, errors.Join(fmt.Errorf("listening on %s over UDP: the box has no address to listen on", addr), s.close())
	}
	return s, nil
}

// udpAddrs returns the addresses that stand for the one listened on.
func udpAddrs(addr *net.TCPAddr, network string, local []localAddr) []netip.Addr {
	if addr.IP != nil && !addr.IP.IsUnspecified() {
		return []netip.Addr{addr.AddrPort().Addr().Unmap()}
	}
	seen := make(map[netip.Addr]struct{})
	var addrs []netip.Addr
	for _, l := range local {
		if !l.servable() || network == "tcp4" && !l.addr().Is4() {
			continue
		}
		// Two interfaces may carry the same address.
		if _, again := seen[l.addr()]; !again {
			seen[l.addr()] = struct{}{}
			addrs = append(addrs, l.addr())
		}
	}
	return addrs
}

func bindError(addr net.Addr, protocol string, err error) error {
	if isAddrInUse(err) {
		return fmt.Errorf("listening on %s over %s: already in use by another program; stop it or change turn.listen: %w", addr, protocol, err)
	}
	return fmt.Errorf("listening on %s over %s: %w", addr, protocol, err)
}

func (s *sockets) close() error {
	errs := []error{s.tcp.Close()}
	for _, conn := range s.udp {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}
