// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	pion "github.com/pion/turn/v3"

	"jamibox/turn/auth"
	"jamibox/turn/ledger"
	"jamibox/turn/message"
	"jamibox/turn/peer"
	"jamibox/turn/pionlog"
	"jamibox/turn/port"
)

// Config is what a Relay works with. All but Lifetimes must be set.
type Config struct {
	Auth      *auth.Authenticator
	Ledger    *ledger.Ledger
	Peers     *peer.Policy
	Addresses Addresses
	Lifetimes Lifetimes
	Logger    *slog.Logger
}

// Addresses chooses where an allocation is relayed. Safe for concurrent use.
type Addresses interface {
	// Relayed returns the address to tell the client that came in at server,
	// the local address to bind, and the ports to take. ok is false if the
	// family is not served.
	Relayed(family message.Family, server netip.Addr) (relayed, bind netip.Addr, ports *port.Pool, ok bool)
}

// Lifetimes bound those of allocations (RFC 8656, section 7.2). Default is the
// shortest as well; zero values mean 10 minutes and an hour.
type Lifetimes struct{ Default, Max time.Duration }

const (
	defaultLifetime = 10 * time.Minute
	maxLifetime     = time.Hour
)

// Relay serves UDP allocations. Safe for concurrent use.
type Relay struct {
	cfg   Config
	pools *pools
}

// New returns a relay that serves nothing yet.
func New(cfg Config) *Relay {
	if cfg.Lifetimes.Default == 0 {
		cfg.Lifetimes.Default = defaultLifetime
	}
	if cfg.Lifetimes.Max == 0 {
		cfg.Lifetimes.Max = maxLifetime
	}
	return &Relay{cfg: cfg, pools: newPools()}
}

// ServeSocket serves the clients of a listening UDP socket until ctx is done,
// and returns nil, or until the socket fails. All allocations made through it
// have ended then. The caller closes conn, whose read deadlines are not his.
func (r *Relay) ServeSocket(ctx context.Context, conn *net.UDPConn) error {
	link, err := newSocketLink(conn, r)
	if err != nil {
		return fmt.Errorf("serving clients on %s over UDP: %w", conn.LocalAddr(), err)
	}
	defer context.AfterFunc(ctx, link.wake)()
	if err := r.serve(ctx, link); err != nil {
		return fmt.Errorf("serving clients on %s over UDP: %w", conn.LocalAddr(), err)
	}
	return nil
}

// ServeStream serves the client of a stream until it ends, which is no error,
// or fails. All its allocations have ended and it is closed then.
func (r *Relay) ServeStream(s Stream) error {
	link := newStreamLink(s, r)
	go link.feed()
	// Its messages end with the stream, and nothing else ends the serving.
	err := r.serve(context.Background(), link)
	link.close()
	return err
}

// serve runs a core of pion's until the link ends or ctx is done.
func (r *Relay) serve(ctx context.Context, l link) error {
	c := newCore(ctx, r, l)
	_, err := pion.NewServer(pion.ServerConfig{
		Realm:         coreName,
		AuthHandler:   func(string, string, net.Addr) ([]byte, bool) { return c.key, true },
		LoggerFactory: pionlog.Factory{Logger: r.cfg.Logger},
		InboundMTU:    inboundMTU,
		PacketConnConfigs: []pion.PacketConnConfig{{
			PacketConn:            c,
			RelayAddressGenerator: c,
		}},
	})
	if err != nil {
		return fmt.Errorf("starting the relay core: %w", err)
	}
	<-c.done
	c.endpoints.Wait()
	return c.failure
}
