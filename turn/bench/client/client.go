// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v3"
	"golang.org/x/sys/unix"
)

// patience bounds whatever needs an answer of the relay.
const patience = 20 * time.Second

// Client is a client of a relay with one 5-tuple.
type Client struct {
	*pion.Client
	local  netip.Addr
	server netip.AddrPort
	stream *net.TCPConn // nil over UDP
	socket io.Closer
}

// Dial makes a client at a local address, which talks to the relay over a
// network, "tcp" or "udp". Close or Vanish ends it.
func Dial(network string, local netip.Addr, server netip.AddrPort, username, password string) (*Client, error) {
	c := &Client{local: local, server: server}
	var packets net.PacketConn
	if network == "tcp" {
		conn, err := dialTCP(local, server)
		if err != nil {
			return nil, err
		}
		c.stream, c.socket, packets = conn, conn, pion.NewSTUNConn(conn)
	} else {
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
		if err != nil {
			return nil, fmt.Errorf("opening a client's socket: %w", err)
		}
		c.socket, packets = conn, conn
	}
	var err error
	c.Client, err = pion.NewClient(&pion.ClientConfig{
		TURNServerAddr: server.String(),
		STUNServerAddr: server.String(),
		Username:       username,
		Password:       password,
		Conn:           packets,
		LoggerFactory:  &logging.DefaultLoggerFactory{Writer: io.Discard},
	})
	if err == nil {
		err = c.Listen()
	}
	if err != nil {
		return nil, errors.Join(err, c.socket.Close())
	}
	return c, nil
}

func dialTCP(local netip.Addr, server netip.AddrPort) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))}
	conn, err := dialer.DialContext(ctx, "tcp4", server.String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// Close closes the connection to the relay.
func (c *Client) Close() error {
	c.Client.Close()
	return c.socket.Close()
}

// Vanish leaves without a word: neither a request nor an end of the stream
// goes out.
func (c *Client) Vanish() error {
	if c.stream != nil {
		if err := forget(c.stream); err != nil {
			return err
		}
	}
	return c.Close()
}

// forget makes a connection end on this side only, once it is closed.
func forget(conn *net.TCPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	if err := raw.Control(func(fd uintptr) {
		failure = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_REPAIR, 1)
	}); err != nil {
		return err
	}
	if failure != nil {
		return fmt.Errorf("leaving without a word: %w", failure)
	}
	return nil
}
