// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"jamibox/turn/ledger"
	"jamibox/turn/peer"
	"jamibox/turn/tcprelay"
	"jamibox/turn/udprelay"
)

const (
	// drainTime bounds the end of a run. Nothing in it waits for clients.
	drainTime = 5 * time.Second
	// followInterval is how often the box's addresses are looked at.
	followInterval = 2 * time.Second
)

// session is all that lives from the start of a run to its end.
type session struct {
	ledger  *ledger.Ledger
	logger  *slog.Logger
	book    *addressBook
	policy  *peer.Policy
	streams *streamSet
	udp     *udprelay.Relay
	tcp     *tcprelay.Relay
	secure  *tls.Config

	tls []*net.TCPListener

	mu        sync.Mutex
	endpoints []*endpoint                         // never empty; their sockets are guarded by mu
	sockets   map[*net.UDPConn]context.CancelFunc // being served; guarded by mu

	tasks  sync.WaitGroup
	failed chan error    // has room for one
	done   chan struct{} // closed at the start of drain
}

// open binds everything. Nothing is served yet.
func (s *Server) open() (*session, error) {
	plan, err := s.plan()
	if err != nil {
		return nil, permanentError{err}
	}
	local, err := localAddrs()
	if err != nil {
		return nil, err
	}
	s.creds.FirstSession(plan.firstSession)
	if len(plan.firstSession) > 0 {
		s.logger.Warn("accepting the password that everybody knows from these networks, because turn.first_session_networks says so",
			"networks", s.cfg.FirstSessionNetworks)
	}
	r := &session{
		ledger: s.ledger,
		logger: s.logger,
		book:   newAddressBook(plan.advertise, plan.ports),
		policy: peer.New(peer.Rules{
			Allow: plan.allow, Deny: plan.deny, RefuseDenied: plan.RefuseDenied, DenyLinkLocal: !plan.LinkLocalPeers,
		}, plan.ports),
		streams: newStreamSet(plan.streamLimits()),
		sockets: make(map[*net.UDPConn]context.CancelFunc),
		failed:  make(chan error, 1),
		done:    make(chan struct{}),
	}
	r.know(local)
	r.udp = udprelay.New(udprelay.Config{
		Auth: s.auth, Ledger: s.ledger, Peers: r.policy, Addresses: r.book.over("udp"), Logger: s.logger,
	})
	r.tcp = tcprelay.New(tcprelay.Config{
		Auth: s.auth, Ledger: s.ledger, Peers: r.policy, Addresses: r.book.over("tcp"), Logger: s.logger,
	})
	for _, address := range plan.Listen {
		bound, err := listen(address, local, s.logger)
		if err != nil {
			return nil, errors.Join(err, r.closeSockets())
		}
		r.endpoints = append(r.endpoints, bound)
	}
	r.secure = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certificate}
	for _, address := range plan.TLSListen {
		bound, err := listenTLS(address)
		if err != nil {
			return nil, errors.Join(err, r.closeSockets())
		}
		r.tls = append(r.tls, bound)
	}
	return r, nil
}

func listenTLS(address string) (*net.TCPListener, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("resolving turn.tls_listen %q: %w", address, err)
	}
	return listenTCP("tcp", addr)
}

// run serves until ctx is done or a socket fails, and ends everything.
func (r *session) run(ctx context.Context) error {
	r.mu.Lock()
	for _, e := range r.endpoints {
		r.tasks.Go(func() { r.accept(e.tcp, nil) })
		for _, conns := range e.udp {
			r.serveSockets(conns)
		}
	}
	r.mu.Unlock()
	for _, listener := range r.tls {
		r.tasks.Go(func() { r.accept(listener, r.secure) })
	}
	r.tasks.Go(r.follow)

	var failure error
	select {
	case <-ctx.Done():
	case failure = <-r.failed:
	}
	return errors.Join(failure, r.drain())
}

// serveSockets serves each until stopSockets, and closes it. The caller holds mu.
func (r *session) serveSockets(conns []*net.UDPConn) {
	for _, conn := range conns {
		ctx, cancel := context.WithCancel(context.Background())
		r.sockets[conn] = cancel
		r.tasks.Go(func() {
			err := errors.Join(r.udp.ServeSocket(ctx, conn), closed(conn.Close()))
			if err == nil && ctx.Err() == nil {
				err = fmt.Errorf("serving clients on %s over UDP: %w", conn.LocalAddr(), net.ErrClosed)
			}
			if err != nil {
				r.fail(err)
			}
		})
	}
}

// stopSockets ends the allocations of the sockets and closes them. The caller
// holds mu.
func (r *session) stopSockets(conns []*net.UDPConn) {
	for _, conn := range conns {
		r.sockets[conn]()
		delete(r.sockets, conn)
	}
}

// follow keeps up with the addresses of the box.
func (r *session) follow() {
	ticker := time.NewTicker(followInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-r.done:
			return
		}
		local, err := localAddrs()
		if err != nil {
			r.logger.Warn("looking for changed addresses", "err", err)
			continue
		}
		r.know(local)
		r.mu.Lock()
		for _, e := range r.endpoints {
			added, gone, err := e.follow(local, r.logger)
			if err != nil {
				r.logger.Warn("following changed addresses", "err", err)
			}
			for _, conn := range added {
				r.logger.Info("relay is listening on a new address", "addr", conn.LocalAddr().String())
			}
			r.serveSockets(added)
			r.stopSockets(gone)
		}
		r.mu.Unlock()
	}
}

// know takes note of the addresses that the box has.
func (r *session) know(local []localAddr) {
	own := make([]peer.Own, 0, len(local)+len(r.book.advertised))
	for _, l := range local {
		own = append(own, peer.Own{Prefix: l.prefix, Loopback: l.loopback})
	}
	for _, a := range r.book.advertised {
		own = append(own, peer.Own{Prefix: netip.PrefixFrom(a.Addr, a.Addr.BitLen())})
	}
	r.policy.SetOwn(own)
	r.book.update(local)
}

// drain ends all allocations and connections, then closes the sockets.
func (r *session) drain() error {
	close(r.done)
	expired := time.After(drainTime)
	r.ledger.EndAll(ledger.Stopped)
	closing := r.closeListeners()
	r.mu.Lock()
	for _, stop := range r.sockets {
		stop()
	}
	r.mu.Unlock()
	streamsEnded := r.streams.close()
	tasksEnded := make(chan struct{})
	go func() {
		r.tasks.Wait()
		close(tasksEnded)
	}()
	for _, ended := range []<-chan struct{}{streamsEnded, tasksEnded} {
		select {
		case <-ended:
		case <-expired:
			return errors.Join(closing, fmt.Errorf("stopping the relay: %d connections and %d allocations are still open",
				r.streams.len(), r.ledger.Len()))
		}
	}
	return closing
}

// fail ends the run. Only the first failure counts.
func (r *session) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

// udpAddr returns a listening UDP address, one that clients can reach if there
// is any; false if there is none at all at present.
func (r *session) udpAddr() (found netip.AddrPort, ok bool) {
	for _, addr := range r.addrs() {
		udp, is := addr.(*net.UDPAddr)
		if is && (!ok || found.Addr().IsLoopback() && !udp.IP.IsLoopback()) {
			found, ok = udp.AddrPort(), true
		}
	}
	return found, ok
}

func (r *session) addrs() []net.Addr {
	r.mu.Lock()
	defer r.mu.Unlock()
	var addrs []net.Addr
	for _, e := range r.endpoints {
		for _, ip := range slices.SortedFunc(maps.Keys(e.udp), netip.Addr.Compare) {
			addrs = append(addrs, e.udp[ip][0].LocalAddr())
		}
		addrs = append(addrs, e.tcp.Addr())
	}
	for _, listener := range r.tls {
		addrs = append(addrs, listener.Addr())
	}
	return addrs
}

// closeSockets closes what was bound, where nothing is served yet.
func (r *session) closeSockets() error {
	errs := []error{r.closeListeners()}
	for _, e := range r.endpoints {
		errs = append(errs, e.close())
	}
	return errors.Join(errs...)
}

// closeListeners ends the accepting of connections.
func (r *session) closeListeners() error {
	var errs []error
	for _, e := range r.endpoints {
		errs = append(errs, closed(e.tcp.Close()))
	}
	for _, listener := range r.tls {
		errs = append(errs, closed(listener.Close()))
	}
	return errors.Join(errs...)
}
