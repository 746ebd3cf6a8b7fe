// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	pion "github.com/pion/turn/v3"

	"jamibox/turn/pionlog"
)

// probeDevice has a blank, so that no device can have this id.
const probeDevice = "health probe"

// probe is a client of the relay that gives up when its context ends.
type probe struct {
	*pion.Client
	conn net.PacketConn
	stop func() bool
}

func (s *Server) dialProbe(ctx context.Context, network string, server netip.AddrPort) (*probe, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, server.String())
	if err != nil {
		return nil, fmt.Errorf("connecting over %s: %w", network, err)
	}
	p := &probe{conn: packets{conn}}
	if network == "tcp" {
		p.conn = pion.NewSTUNConn(conn)
	}
	username, password := s.creds.For(probeDevice)
	p.Client, err = pion.NewClient(&pion.ClientConfig{
		// Only looked at by pion, which resolves IPv4 alone: the connection
		// leads to the server already.
		TURNServerAddr: "127.0.0.1:3478",
		Username:       username,
		Password:       password,
		Conn:           p.conn,
		LoggerFactory:  pionlog.Factory{Logger: s.logger},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a client: %w", err), conn.Close())
	}
	p.stop = context.AfterFunc(ctx, p.giveUp)
	if err := p.Listen(); err != nil {
		return nil, errors.Join(fmt.Errorf("listening over %s: %w", network, err), p.close())
	}
	return p, nil
}

// giveUp fails what waits for an answer and what would be sent next.
func (p *probe) giveUp() {
	p.Close()
	// The only error is that the connection is closed already.
	_ = p.conn.SetDeadline(time.Unix(1, 0))
}

// release ends an allocation, even when time is up.
func (p *probe) release(end func() error) error {
	return errors.Join(p.conn.SetWriteDeadline(time.Time{}), end())
}

// close ends the connection. It must be called once.
func (p *probe) close() error {
	p.stop()
	p.Close()
	return p.conn.Close()
}

// packets is a connected UDP socket as a packet connection: net's own refuses
// WriteTo.
type packets struct{ net.Conn }

func (c packets) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	return n, c.RemoteAddr(), err
}

func (c packets) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }
