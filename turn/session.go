// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	pion "github.com/pion/turn/v3"
)

// drainTime bounds the end of a run. Nothing in it waits for clients.
const drainTime = 5 * time.Second

// session is all that lives from the start of a run to its end.
type session struct {
	sockets []*sockets // never empty
	relays  *relays
	streams *streamSet
	pion    *pion.Server
	failed  chan error    // has room for one
	done    chan struct{} // closed at the start of drain
}

// open binds everything and starts pion.
func (s *Server) open() (*session, error) {
	plan, err := s.plan()
	if err != nil {
		return nil, permanentError{err}
	}
	relayIP, err := plan.relayIPv4()
	if err != nil {
		return nil, permanentError{err}
	}
	local, err := localAddrs()
	if err != nil {
		return nil, err
	}
	r := &session{
		relays: &relays{
			advertised: relayIP,
			bound:      bindableOr(relayIP, netip.IPv4Unspecified(), local),
			ports:      plan.ports,
			inUse:      newPortSet(),
			policy:     newPeerPolicy(local, plan.advertise, plan.ports),
			count:      &s.count,
		},
		streams: newStreamSet(s.limits, &s.count),
		failed:  make(chan error, 1),
		done:    make(chan struct{}),
	}
	for _, address := range plan.listen {
		bound, err := listen(address, local, s.logger)
		if err != nil {
			return nil, errors.Join(err, r.closeSockets())
		}
		r.sockets = append(r.sockets, bound)
	}
	r.pion, err = pion.NewServer(s.pionConfig(r))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the relay: %w", err), r.closeSockets())
	}
	return r, nil
}

func (s *Server) pionConfig(r *session) pion.ServerConfig {
	cfg := pion.ServerConfig{
		Realm:         s.creds.realm,
		LoggerFactory: pionLogger{s.logger},
		// Asked for every request, so a denial also ends refreshes.
		AuthHandler: func(username, _ string, _ net.Addr) ([]byte, bool) {
			return s.creds.key(username)
		},
	}
	// Permissions are granted to all peers; relayConn tells why.
	for _, bound := range r.sockets {
		cfg.ListenerConfigs = append(cfg.ListenerConfigs, pion.ListenerConfig{
			Listener:              &streamListener{TCPListener: bound.tcp, set: r.streams, done: r.done},
			RelayAddressGenerator: r.relays,
			PermissionHandler:     pion.DefaultPermissionHandler,
		})
		for _, conn := range bound.udp {
			cfg.PacketConnConfigs = append(cfg.PacketConnConfigs, pion.PacketConnConfig{
				PacketConn:            &datagrams{UDPConn: conn, count: &s.count, fail: r.fail},
				RelayAddressGenerator: r.relays,
				PermissionHandler:     pion.DefaultPermissionHandler,
			})
		}
	}
	return cfg
}

// drain ends all connections and allocations, then closes the sockets.
//
// The order matters: pion/turn v3 deletes an allocation safely only in the
// goroutine that serves its client. So connections are ended first and pion's
// goroutines waited for, and only then the listeners closed, upon which pion
// ends what is left; relayed sockets are never closed behind its back.
func (r *session) drain() error {
	close(r.done)
	expired := time.After(drainTime)
	allocationsEnded := r.relays.inUse.close()
	select {
	case <-r.streams.close():
	case <-expired:
		return errors.Join(fmt.Errorf("stopping the relay: %d connections are still open", r.streams.len()), r.pion.Close())
	}
	if err := r.pion.Close(); err != nil {
		return fmt.Errorf("stopping the relay: %w", err)
	}
	select {
	case <-allocationsEnded:
		return nil
	case <-expired:
		return fmt.Errorf("stopping the relay: %d allocations are still open", r.relays.inUse.len())
	}
}

// fail ends the run. Only the first failure counts.
func (r *session) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

func (r *session) addrs() []net.Addr {
	var addrs []net.Addr
	for _, bound := range r.sockets {
		for _, conn := range bound.udp {
			addrs = append(addrs, conn.LocalAddr())
		}
		addrs = append(addrs, bound.tcp.Addr())
	}
	return addrs
}

func (r *session) closeSockets() error {
	var errs []error
	for _, bound := range r.sockets {
		errs = append(errs, bound.close())
	}
	return errors.Join(errs...)
}

// bindableOr returns addr if an interface carries it, and otherwise, as behind
// a NAT that forwards to this box, the fallback.
func bindableOr(addr, fallback netip.Addr, local []localAddr) netip.Addr {
	if slices.ContainsFunc(local, func(l localAddr) bool { return l.addr() == addr }) {
		return addr
	}
	return fallback
}
