// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"jamibox/dht/wire"
)

const (
	// A host is pinged after joinPause, then after twice that, and so on up to
	// maxJoinPause, for as long as we run: it may be down for days, and is not
	// to be lost for that.
	joinPause    = 10 * time.Second
	maxJoinPause = 5 * time.Minute
	// resolveTimeout bounds the wait for name servers.
	resolveTimeout = 5 * time.Second
)

// errOwnHost tells that a host of the settings is this one.
var errOwnHost = errors.New("host is the node itself")

// join keeps in touch with a host of the settings until ctx is done.
func (s *server) join(ctx context.Context, host string) error {
	joined, complained := false, false
	for pause := joinPause; ; pause = min(2*pause, maxJoinPause) {
		err := s.greet(ctx, host, joined)
		if ctx.Err() != nil {
			return nil
		}
		switch {
		case errors.Is(err, errOwnHost):
			// All boxes of a site may have the same list.
		case err == nil && !joined:
			s.logger.Info("dht node of the settings joined", "host", host)
			joined, complained = true, false
		case err != nil && !complained:
			s.logger.Warn("dht node of the settings does not answer", "host", host, "err", err)
			joined, complained, pause = false, true, joinPause
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// greet asks the addresses of the host for our own neighbourhood, and looks
// further from there; where we joined it before, it pings them. It succeeds if
// one of them answered.
func (s *server) greet(ctx context.Context, host string, joined bool) error {
	addrs, err := resolve(ctx, host)
	if err != nil {
		return fmt.Errorf("resolving %s: %w", host, err)
	}
	own, err := s.ownAddrs()
	if err != nil {
		return err
	}
	out := newOutbox(s)
	err = fmt.Errorf("host %s has no address of a family that is served", host)
	answered := false
	for _, addr := range addrs {
		if own[addr] {
			return errOwnHost
		}
		if !wire.Possible(addr) || s.sockets[familyOf(addr)] == nil {
			continue
		}
		greeting := func(done func(reply)) { s.find(addr, s.id, done) }
		if joined {
			greeting = func(done func(reply)) { s.ping(addr, done) }
		}
		if _, askErr := s.ask(ctx, out, greeting); askErr != nil {
			err = fmt.Errorf("asking %s at %s: %w", host, addr, askErr)
			continue
		}
		answered = true
	}
	switch {
	case !answered:
		return err
	case joined:
		return nil
	}
	_, err = s.search(ctx, out, s.id, s.find)
	return err
}

// ownAddrs returns the endpoints at which we can be reached from here.
func (s *server) ownAddrs() (map[netip.AddrPort]bool, error) {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("listing the addresses of this host: %w", err)
	}
	own := make(map[netip.AddrPort]bool)
	for _, local := range s.addrs() {
		if !local.Addr().IsUnspecified() {
			own[local] = true
			continue
		}
		for _, addr := range interfaces {
			if prefix, err := netip.ParsePrefix(addr.String()); err == nil {
				own[netip.AddrPortFrom(prefix.Addr(), local.Port())] = true
			}
		}
	}
	return own, nil
}

// resolve returns the addresses that stand for "host:port".
func resolve(ctx context.Context, host string) ([]netip.AddrPort, error) {
	name, service, err := net.SplitHostPort(host)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q: %w", service, err)
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		addrs[i] = netip.AddrPortFrom(ip.Unmap(), uint16(port))
	}
	return addrs, nil
}
