// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"jamibox/enroll/directory/source"
)

const (
	// maxBinds is how many people may have their passwords tried at a time.
	maxBinds      = 16
	sessionsCache = 16
)

// Resolver looks names up; a *net.Resolver is one.
type Resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// Options are what a Client works with; each may be nil for the usual.
type Options struct {
	Resolver Resolver
	Logger   *slog.Logger
	Now      func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Client asks one directory. It is safe for concurrent use.
type Client struct {
	cfg      source.Config
	password string
	o        Options
	// roots are what certificates are checked against, nil for the system's.
	roots    *x509.CertPool
	sessions tls.ClientSessionCache
	servers  *serverList
	pool     *pool
	binds    chan struct{}
	service  serviceMemory

	mu sync.Mutex
	// layout is what the server said of itself; nil until asked.
	layout *layout
}

// New returns a client of a source that is configured so; the password is the
// service account's. It opens nothing; the error tells what is wrong with the
// configuration.
func New(cfg source.Config, password string, o Options) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the source: %w", err)
	}
	cfg = cfg.WithDefaults()
	switch {
	case cfg.Kind == source.KindLocal:
		return nil, fmt.Errorf("checking the source: kind %q has no directory", cfg.Kind)
	case cfg.BindDN != "" && password == "":
		return nil, fmt.Errorf("checking the source: bind_dn: %s needs a password; without both the directory is asked anonymously", cfg.BindDN)
	}
	authorities, err := cfg.Authorities()
	if err != nil {
		return nil, fmt.Errorf("checking the source: %w", err)
	}
	c := &Client{
		cfg: cfg, password: password, o: o.withDefaults(),
		sessions: tls.NewLRUClientSessionCache(sessionsCache), binds: make(chan struct{}, maxBinds),
	}
	if authorities != nil {
		c.roots = x509.NewCertPool()
		for _, a := range authorities {
			c.roots.AddCert(a)
		}
	}
	c.servers = &serverList{cfg: cfg, resolver: c.o.Resolver, now: c.o.Now}
	c.pool = newPool(cfg.Connections, c.o.Now)
	return c, nil
}

// Config returns the configuration with its defaults.
func (c *Client) Config() source.Config { return c.cfg }

// Close closes the connections; those in use when their answer is there.
func (c *Client) Close() error {
	c.pool.close()
	return nil
}

func (c *Client) timeout() time.Duration { return time.Duration(c.cfg.Timeout) }
