// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
)

// Server is the relay service. Its methods are safe for concurrent use, but
// Run must not be called again before it returned.
type Server struct {
	cfg    Config
	creds  *Credentials
	logger *slog.Logger
	limits streamLimits

	count counters
	live  atomic.Pointer[session] // nil while not serving
}

// New returns a relay that is not running. None of the arguments may be nil,
// and creds must be for the realm of cfg. Mistakes in cfg are told by Run.
func New(cfg Config, creds *Credentials, logger *slog.Logger) *Server {
	return &Server{cfg: cfg, creds: creds, logger: logger, limits: defaultStreamLimits()}
}

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
		"advertised", r.relays.advertised.String(), "ports", r.relays.ports.String())
	ready()

	var failure error
	select {
	case <-ctx.Done():
	case failure = <-r.failed:
	}
	return errors.Join(failure, r.drain())
}

// Addrs returns the listening addresses, *net.UDPAddr and *net.TCPAddr, or nil
// while the relay is not serving.
func (s *Server) Addrs() []net.Addr {
	if r := s.live.Load(); r != nil {
		return r.addrs()
	}
	return nil
}

// plan understands the settings.
func (s *Server) plan() (settings, error) {
	plan, err := s.cfg.parse()
	if err != nil {
		return settings{}, err
	}
	if s.cfg.Realm != s.creds.realm {
		return settings{}, fmt.Errorf("turn.realm: %q: credentials are made for realm %q", s.cfg.Realm, s.creds.realm)
	}
	if len(s.creds.master) < minMaster {
		return settings{}, errWeakMaster
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
