// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
)

const (
	// socketBuffer is asked for in bytes: a value of the largest size comes in
	// 52 datagrams at once.
	socketBuffer = 4 << 20
	// maxReadErrors is how many reads in a row may go wrong. Some systems tell in
	// this way that a datagram which we sent did not arrive; Go has switched that
	// off on Windows (SIO_UDP_CONNRESET, SIO_UDP_NETRESET).
	maxReadErrors = 10_000
)

// socket is a listening UDP socket of one address family.
type socket struct {
	conn  *net.UDPConn
	raw   syscall.RawConn
	local netip.AddrPort
}

// listen opens the sockets that the settings ask for, IPv4 first; a family that
// is not served has none.
func listen(cfg Config, logger *slog.Logger) (sockets [2]*socket, err error) {
	for family, addr := range [...]netip.AddrPort{cfg.IPv4, cfg.IPv6} {
		if !addr.IsValid() {
			continue
		}
		network := [...]string{"udp4", "udp6"}[family]
		opened, openErr := open(network, addr, logger)
		if openErr == nil {
			sockets[family] = opened
			continue
		}
		if addr.Addr() == netip.IPv6Unspecified() && cfg.IPv4.IsValid() && !hostHasIPv6() {
			logger.Info("dht node serves no ipv6, which this host does not have")
			continue
		}
		err = errors.Join(err, openErr)
	}
	if err == nil && sockets == [2]*socket{} {
		err = errors.New("dht node has no address to listen at: set one")
	}
	if err != nil {
		return [2]*socket{}, errors.Join(err, closeAll(sockets))
	}
	return sockets, nil
}

func open(network string, addr netip.AddrPort, logger *slog.Logger) (*socket, error) {
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("opening the udp port of the dht node: %w", err)
	}
	if err := errors.Join(setReadBuffer(conn), setWriteBuffer(conn)); err != nil {
		logger.Info("dht node has smaller socket buffers than it likes", "err", err)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the udp port of the dht node: %w", err), conn.Close())
	}
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	opened := &socket{conn: conn, raw: raw, local: netip.AddrPortFrom(local.Addr().Unmap(), local.Port())}
	if err := opened.followAddrs(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the udp port of the dht node: %w", err), conn.Close())
	}
	return opened, nil
}

// hostHasIPv6 reports whether any IPv6 address can be listened at.
func hostHasIPv6() bool {
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func closeAll(sockets [2]*socket) (err error) {
	for _, socket := range sockets {
		if socket != nil {
			err = errors.Join(err, socket.conn.Close())
		}
	}
	return err
}

// source is a receiver.
type source interface {
	receive() (int, error)
	at(i int) (datagram []byte, from netip.AddrPort, whole bool)
	destination(i int) netip.Addr
}

// read serves what the socket receives until it is closed.
func (s *server) read(socket *socket) error {
	if err := s.readFrom(newReceiver(socket)); err != nil {
		return fmt.Errorf("reading from the udp port of the dht node at %s: %w", socket.local, err)
	}
	return nil
}

func (s *server) readFrom(in source) error {
	out := newOutbox(s)
	failures := 0
	for {
		n, err := in.receive()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err == nil {
			failures = 0
		} else if failures++; failures > maxReadErrors {
			return err
		}
		s.begin(out)
		if err != nil {
			s.counts.readErrors++
		}
		for i := range n {
			datagram, from, whole := in.at(i)
			if !whole {
				s.counts.refuse(reasonTooLarge)
				continue
			}
			s.local = in.destination(i)
			s.handle(datagram, from)
		}
		s.end()
		out.flush()
	}
}
