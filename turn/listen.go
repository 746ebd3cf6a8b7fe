// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
)

const (
	// listenBuffer is asked of the kernel for each listening UDP socket, in
	// bytes: all clients of the box share it.
	listenBuffer = 4 << 20
	// portAttempts bounds the search for a port that is free over TCP and UDP
	// alike when any will do.
	portAttempts = 16
	// maxSharing is how many UDP sockets share one address at most.
	maxSharing = 8
)

// endpoint is one address of turn.listen, with its sockets on one port.
//
// Where the host part is empty or a wildcard, each servable address of the box
// gets UDP sockets of its own: an answer from a wildcard socket carries the
// source address that the route back prefers, which on a box with several
// addresses need not be the one the client sent to, and clients drop such an
// answer. Over TCP the connection fixes both addresses, so one wildcard
// listener does.
type endpoint struct {
	network  string // "udp" or "udp4"
	wildcard bool
	tcp      *net.TCPListener
	udp      map[netip.Addr][]*net.UDPConn // several where the kernel spreads clients over them
}

// listen binds an address over TCP and UDP. Port 0 takes any free one.
func listen(address string, local []localAddr, logger *slog.Logger) (*endpoint, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("resolving turn.listen %q: %w", address, err)
	}
	for attempt := 1; ; attempt++ {
		e, err := bind(addr, local, logger)
		if err == nil || addr.Port != 0 || attempt == portAttempts || !isAddrInUse(err) {
			return e, err
		}
	}
}

func bind(addr *net.TCPAddr, local []localAddr, logger *slog.Logger) (*endpoint, error) {
	e := &endpoint{network: "udp", wildcard: addr.IP == nil || addr.IP.IsUnspecified(), udp: make(map[netip.Addr][]*net.UDPConn)}
	network := "tcp"
	if ip, ok := netip.AddrFromSlice(addr.IP); ok && ip.Unmap() == netip.IPv4Unspecified() {
		network, e.network = "tcp4", "udp4"
	}
	var err error
	// TCP goes first: it alone tells that another program has the port, as
	// UDP sockets that share their address bind one more without an error.
	if e.tcp, err = listenTCP(network, addr); err != nil {
		return nil, err
	}
	if e.wildcard {
		_, _, err = e.follow(local, logger)
	} else {
		err = e.bindUDP(addr.AddrPort().Addr().Unmap())
	}
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	if len(e.udp) == 0 {
		return nil, errors.Join(fmt.Errorf("listening on %s over UDP: the box has no address to listen on", addr), e.close())
	}
	return e, nil
}

// follow gives a wildcard endpoint sockets for each address that the box has by
// now, and returns them, and those of addresses that are gone, which the caller
// closes. An error concerns some of the addresses only.
func (e *endpoint) follow(local []localAddr, logger *slog.Logger) (added, gone []*net.UDPConn, err error) {
	if !e.wildcard {
		return nil, nil, nil
	}
	wanted := make(map[netip.Addr]bool)
	for _, l := range local {
		if !l.servable() || e.network == "udp4" && !l.addr().Is4() {
			continue
		}
		wanted[l.addr()] = true
		if _, bound := e.udp[l.addr()]; bound {
			continue
		}
		if failure := e.bindUDP(l.addr()); isAddrUnavailable(failure) {
			// Not usable yet, or gone since it was listed; the others serve.
			logger.Warn("passing over an address that cannot be bound", "addr", l.addr().String(), "err", failure)
			continue
		} else if failure != nil {
			err = errors.Join(err, failure)
			continue
		}
		added = append(added, e.udp[l.addr()]...)
	}
	for ip, conns := range e.udp {
		if !wanted[ip] {
			delete(e.udp, ip)
			gone = append(gone, conns...)
		}
	}
	return added, gone, err
}

// bindUDP binds one socket for each processor, where they can share an address.
func (e *endpoint) bindUDP(ip netip.Addr) error {
	at := netip.AddrPortFrom(ip, uint16(e.tcp.Addr().(*net.TCPAddr).Port))
	sharing := 1
	if canShareAddress {
		sharing = min(runtime.GOMAXPROCS(0), maxSharing)
	}
	config := net.ListenConfig{}
	if sharing > 1 {
		config.Control = shareAddress
	}
	var conns []*net.UDPConn
	for range sharing {
		conn, err := config.ListenPacket(context.Background(), "udp", at.String())
		if err != nil {
			errs := []error{bindError(net.UDPAddrFromAddrPort(at), "UDP", err)}
			for _, bound := range conns {
				errs = append(errs, bound.Close())
			}
			return errors.Join(errs...)
		}
		udp := conn.(*net.UDPConn)
		// Best effort: the kernel caps it, and a smaller one works.
		_ = udp.SetReadBuffer(listenBuffer)
		conns = append(conns, udp)
	}
	e.udp[ip] = conns
	return nil
}

// listenTCP binds without Multipath TCP, which Go offers by default: the kernel
// does not splice it.
func listenTCP(network string, addr *net.TCPAddr) (*net.TCPListener, error) {
	config := net.ListenConfig{}
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), network, addr.String())
	if err != nil {
		return nil, bindError(addr, "TCP", err)
	}
	return listener.(*net.TCPListener), nil
}

func bindError(addr net.Addr, protocol string, err error) error {
	if isAddrInUse(err) {
		return fmt.Errorf("listening on %s over %s: already in use by another program; stop it or change turn.listen: %w", addr, protocol, err)
	}
	return fmt.Errorf("listening on %s over %s: %w", addr, protocol, err)
}

// close closes all sockets. One that its user has closed already is none.
func (e *endpoint) close() error {
	errs := []error{closed(e.tcp.Close())}
	for _, conns := range e.udp {
		for _, conn := range conns {
			errs = append(errs, closed(conn.Close()))
		}
	}
	return errors.Join(errs...)
}

func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
