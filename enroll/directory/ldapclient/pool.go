// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"errors"
	"sync"
	"time"

	"jamibox/enroll/directory/source"
)

// maxIdle is shorter than the time after which servers and firewalls drop
// connections that nobody uses.
const maxIdle = 2 * time.Minute

// pool keeps connections of the service account.
type pool struct {
	// slots has room for as many as may be in use.
	slots chan struct{}
	now   func() time.Time

	mu     sync.Mutex
	idle   []*conn
	closed bool
}

func newPool(size int, now func() time.Time) *pool {
	return &pool{slots: make(chan struct{}, size), now: now}
}

// take waits for a slot and returns the connection used last, nil if there is
// none. Every take needs a put.
func (p *pool) take(ctx context.Context) (*conn, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		<-p.slots
		return nil, ErrClosed
	}
	for len(p.idle) > 0 {
		cn := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if !cn.IsClosing() && p.now().Sub(cn.idle) < maxIdle {
			return cn, nil
		}
		cn.end()
	}
	return nil, nil
}

// put frees a slot and keeps the connection, unless it is nil.
func (p *pool) put(cn *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	<-p.slots
	switch {
	case cn == nil:
	case p.closed || cn.IsClosing():
		cn.end()
	default:
		cn.idle = p.now()
		p.idle = append(p.idle, cn)
	}
}

// drop closes the idle connections to a server, of which one was found dead.
func (p *pool) drop(s server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[:0]
	for _, cn := range p.idle {
		if cn.server == s {
			cn.end()
		} else {
			kept = append(kept, cn)
		}
	}
	p.idle = kept
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, cn := range p.idle {
		cn.end()
	}
	p.idle = nil
}

// with runs f on a connection of the service account within Timeout. One that
// turns out to be dead is replaced once, and then the other servers are tried.
func (c *Client) with(ctx context.Context, t *Trace, f func(*conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	err := c.attempt(ctx, c.firstAttempt(ctx), t, f)
	var unavailable *Unavailable
	if errors.As(err, &unavailable) && ctx.Err() == nil {
		err = c.attempt(ctx, c.timeout(), t, f)
	}
	return err
}

// firstAttempt leaves time for another server, if there is one.
func (c *Client) firstAttempt(ctx context.Context) time.Duration {
	servers, err := c.servers.all(ctx)
	if err == nil && len(servers) > 1 {
		return c.timeout() / 2
	}
	return c.timeout()
}

func (c *Client) attempt(ctx context.Context, limit time.Duration, t *Trace, f func(*conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cn, err := c.pool.take(ctx)
	if errors.Is(err, ErrClosed) {
		return err
	}
	if err != nil {
		return &Unavailable{Reason: "all connections of the service account are busy: the directory is slow", Err: err}
	}
	if cn == nil {
		if cn, err = c.connect(ctx, c.bindService, t); err != nil {
			c.pool.put(nil)
			return err
		}
	}
	err = cn.do(ctx, func() error { return f(cn) })
	if cn.lost == nil {
		c.pool.put(cn)
		return err
	}
	cn.end()
	c.pool.put(nil)
	c.pool.drop(cn.server)
	if timedOut(cn.lost) && !errors.Is(ctx.Err(), context.Canceled) {
		c.servers.fail(cn.server)
	}
	return c.broken(cn.server, cn.lost)
}

// maySend tells whether a password may be sent to a server.
func (c *Client) maySend(s server) error {
	if s.tls != source.TLSNone || c.cfg.AllowPlaintextBind {
		return nil
	}
	return &Misconfigured{Reason: s.String() + ": no password is sent over an unencrypted connection: switch on StartTLS or LDAPS, or allow it (allow_plaintext_bind)"}
}
