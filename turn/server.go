// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/auth"
	"jamibox/turn/credential"
	"jamibox/turn/ledger"
)

// Certificate finds the certificate for a TLS client, as in [tls.Config].
type Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// Options are what a relay is made of.
type Options struct {
	// Config holds the settings; mistakes in it are told by Run.
	Config Config
	// Credentials must be for the realm of Config.
	Credentials *credential.Credentials
	// Certificate may be nil as long as Config has no TLSListen.
	Certificate Certificate
	// Logger must not be nil.
	Logger *slog.Logger
}

// Server is the relay service. Its methods are safe for concurrent use, but
// Run must not be called again before it returned.
type Server struct {
	cfg         Config
	creds       *credential.Credentials
	certificate Certificate
	logger      *slog.Logger

	// These count over all runs.
	ledger *ledger.Ledger
	auth   *auth.Authenticator

	live atomic.Pointer[session] // nil while not serving
}

// New returns a relay that is not running.
func New(o Options) *Server {
	c := o.Config
	probe := o.Credentials.Username(probeDevice) // the same for ever
	s := &Server{
		cfg:         c,
		creds:       o.Credentials,
		certificate: o.Certificate,
		logger:      o.Logger,
		ledger: ledger.New(ledger.Limits{
			Total:                    c.MaxAllocations,
			PerUser:                  c.MaxAllocationsPerDevice,
			PerSource:                c.MaxAllocationsPerSource,
			ConnectionsPerAllocation: connectionsPerAllocation,
			ConnectionsPerUser:       c.MaxConnectionsPerDevice,
			BytesPerSecond:           int64(c.MaxBytesPerSecondPerDevice),
			Shared:                   credential.Shared,
			Hidden:                   func(username string) bool { return username == probe },
			Refused:                  o.Credentials.Refused,
			Idle:                     time.Minute,
		}, time.Now),
	}
	s.auth = auth.New(o.Credentials.Realm(), o.Credentials, func(code stun.ErrorCode) { s.ledger.Answered(int(code)) })
	o.Credentials.OnDeny(func(username string) { s.ledger.EndUser(username, ledger.Revoked) })
	return s
}

// connectionsPerAllocation bounds the data connections of one relayed TCP
// address. Jami has eight at most.
const connectionsPerAllocation = 32

// Name returns the name of the service.
func (s *Server) Name() string { return "turn" }

// Run binds all addresses, calls ready once, and serves until ctx is done;
// then it ends all allocations and returns nil. An error that further attempts
// cannot mend has a method Permanent that returns true. After Run returned it
// may be called again.
func (s *Server) Run(ctx context.Context, ready func()) error {
	r, err := s.open()
	if err != nil {
		return err
	}
	s.live.Store(r)
	defer s.live.Store(nil)
	s.logger.Info("relay is listening", "addr", addrStrings(r.addrs()),
		"advertised", s.cfg.Advertise, "ports", r.book.ports.String())
	ready()
	return r.run(ctx)
}

// Addrs returns the listening addresses, *net.UDPAddr and *net.TCPAddr, or nil
// while the relay is not serving.
func (s *Server) Addrs() []net.Addr {
	if r := s.live.Load(); r != nil {
		return r.addrs()
	}
	return nil
}

// Allocations returns what is relayed at present.
func (s *Server) Allocations() []ledger.Allocation { return s.ledger.Live() }

// ClosedAllocations returns the allocations that ended lately, newest first.
func (s *Server) ClosedAllocations() []ledger.Allocation { return s.ledger.History() }

// EndAllocation ends an allocation for an admin; false if there is none of
// that number.
func (s *Server) EndAllocation(id uint64) bool { return s.ledger.End(id, ledger.Ended) }

// plan understands the settings.
func (s *Server) plan() (settings, error) {
	plan, err := s.cfg.parse()
	if err != nil {
		return settings{}, err
	}
	if len(plan.advertise) == 0 {
		return settings{}, ErrNoAddress
	}
	if s.cfg.Realm != s.creds.Realm() {
		return settings{}, fmt.Errorf("turn.realm: %q: credentials are made for realm %q", s.cfg.Realm, s.creds.Realm())
	}
	if len(plan.TLSListen) > 0 && s.certificate == nil {
		return settings{}, errors.New("turn.tls_listen: there is no certificate to serve TLS with")
	}
	return plan, nil
}

func addrStrings(addrs []net.Addr) []string {
	texts := make([]string, len(addrs))
	for i, addr := range addrs {
		texts[i] = addr.String() + "/" + addr.Network()
	}
	return texts
}
