// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"jamibox/enroll/directory/source"
)

const (
	// downFor is how long a server that failed is asked after the others.
	downFor = 30 * time.Second
	// discoveredFor is how long an answer about a domain's servers holds.
	discoveredFor = 5 * time.Minute

	portLDAP, portLDAPS           = 389, 636
	portCatalogue, portCatalogueS = 3268, 3269
)

// server is one of those that hold the directory.
type server struct {
	host string
	port int
	tls  string
}

func (s server) String() string {
	scheme := "ldap"
	if s.tls == source.TLSLDAPS {
		scheme = "ldaps"
	}
	return scheme + "://" + net.JoinHostPort(s.host, strconv.Itoa(s.port))
}

// serverList knows which servers there are and which failed lately.
type serverList struct {
	cfg      source.Config
	resolver Resolver
	now      func() time.Time

	mu           sync.Mutex
	failed       map[server]time.Time
	discovered   []server
	discoveredAt time.Time
}

// all returns the servers in the order in which to try them.
func (l *serverList) all(ctx context.Context) ([]server, error) {
	servers, err := l.named(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	down := func(s server) bool { at, ok := l.failed[s]; return ok && now.Sub(at) < downFor }
	slices.SortStableFunc(servers, func(a, b server) int {
		switch {
		case down(a) == down(b):
			return 0
		case down(b):
			return -1
		}
		return 1
	})
	return servers, nil
}

// fail notes that a server failed, and tells whether that is news.
func (l *serverList) fail(s server) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = map[server]time.Time{}
	}
	_, known := l.failed[s]
	l.failed[s] = l.now()
	return !known
}

// works notes that a server works, and tells whether that is news.
func (l *serverList) works(s server) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.failed[s]
	delete(l.failed, s)
	return known
}

func (l *serverList) named(ctx context.Context) ([]server, error) {
	if len(l.cfg.URLs) == 0 {
		return l.discover(ctx)
	}
	var servers []server
	for _, text := range l.cfg.URLs {
		u, err := url.Parse(text)
		if err != nil {
			return nil, &Misconfigured{Reason: fmt.Sprintf("%q is no URL", text), Err: err}
		}
		s := server{host: u.Hostname(), port: l.port(), tls: l.cfg.TLS}
		if u.Port() != "" {
			if s.port, err = strconv.Atoi(u.Port()); err != nil {
				return nil, &Misconfigured{Reason: fmt.Sprintf("%q has a port that is none", text), Err: err}
			}
		}
		servers = append(servers, s)
	}
	return servers, nil
}

func (l *serverList) port() int {
	ldaps := l.cfg.TLS == source.TLSLDAPS
	switch {
	case l.cfg.GlobalCatalogue && ldaps:
		return portCatalogueS
	case l.cfg.GlobalCatalogue:
		return portCatalogue
	case ldaps:
		return portLDAPS
	}
	return portLDAP
}

// discover asks the domain's DNS for its controllers. It knows only their
// plain ports: there is no SRV name for LDAPS.
func (l *serverList) discover(ctx context.Context) ([]server, error) {
	l.mu.Lock()
	known, at := slices.Clone(l.discovered), l.discoveredAt
	l.mu.Unlock()
	if len(known) > 0 && l.now().Sub(at) < discoveredFor {
		return known, nil
	}
	servers, err := l.lookUp(ctx)
	switch {
	case err != nil && len(known) > 0:
		return known, nil
	case err != nil:
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.discovered, l.discoveredAt = slices.Clone(servers), l.now()
	return servers, nil
}

func (l *serverList) lookUp(ctx context.Context) ([]server, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(l.cfg.ConnectTimeout))
	defer cancel()
	domain := strings.TrimSuffix(l.cfg.Domain, ".") + "."
	names := []string{"_ldap._tcp.dc._msdcs." + domain, "_ldap._tcp." + domain}
	if l.cfg.GlobalCatalogue {
		names = []string{"_gc._tcp." + domain, "_ldap._tcp.gc._msdcs." + domain}
	}
	var problems []error
	for _, name := range names {
		_, records, err := l.resolver.LookupSRV(ctx, "", "", name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		var servers []server
		for _, r := range records {
			if host := strings.TrimSuffix(r.Target, "."); host != "" {
				s := server{host: host, port: int(r.Port), tls: l.cfg.TLS}
				if s.tls == source.TLSLDAPS {
					s.port = l.port()
				}
				servers = append(servers, s)
			}
		}
		if len(servers) > 0 {
			return servers, nil
		}
	}
	return nil, &Unavailable{
		Reason: fmt.Sprintf("no domain controllers were found for %s: this machine's DNS has to know %s; else give the servers' URLs",
			l.cfg.Domain, strings.Join(names, " or ")),
		Err: errors.Join(problems...),
	}
}
