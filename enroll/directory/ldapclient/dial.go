// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/directory/source"
)

// conn is a connection to one server.
type conn struct {
	*ldap.Conn
	// raw ends whatever waits for the server, which Conn cannot.
	raw    net.Conn
	server server
	// idle is when it was last used.
	idle time.Time
	// lost is why the connection is of no use any more.
	lost error
}

// end closes the connection, also one that hangs.
func (cn *conn) end() {
	_ = cn.raw.Close() // nothing is left to lose
	_ = cn.Conn.Close()
}

// do runs f, which is cut off when ctx ends.
func (cn *conn) do(ctx context.Context, f func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = cn.raw.Close() })
	err := f()
	if !stop() {
		cn.lost = context.Cause(ctx)
		return cn.lost
	}
	return err
}

// search asks one question. Where references lead is not followed: their
// hosts are names that this machine may not know.
func (cn *conn) search(r *ldap.SearchRequest) (*ldap.SearchResult, error) {
	result, err := cn.Search(r)
	if isLost(err) {
		cn.lost = err
	}
	if result == nil {
		result = &ldap.SearchResult{}
	}
	return result, err
}

// connect returns a connection to the first server that gives one. The time
// for each but the last is bounded by ConnectTimeout.
func (c *Client) connect(ctx context.Context, prepare func(*conn) error, t *Trace) (*conn, error) {
	servers, err := c.servers.all(ctx)
	if err != nil {
		t.Add(c.o.Now(), false, "look up servers", c.cfg.Domain, reason(err))
		return nil, err
	}
	var problems []error
	for _, s := range servers {
		cn, err := c.connectTo(ctx, s, prepare, t)
		if err == nil {
			if c.servers.works(s) {
				c.o.Logger.InfoContext(ctx, "directory server works again", "addr", s.String())
			}
			return cn, nil
		}
		problems = append(problems, err)
		// Whoever asked may have left; that says nothing about the server.
		if !errors.Is(ctx.Err(), context.Canceled) && c.servers.fail(s) {
			c.o.Logger.WarnContext(ctx, "directory server does not work", "addr", s.String(), "err", err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, together(problems)
}

func (c *Client) connectTo(ctx context.Context, s server, prepare func(*conn) error, t *Trace) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(c.cfg.ConnectTimeout))
	defer cancel()
	began := time.Now()
	cn, err := c.dial(ctx, s, &handshake{})
	if err != nil {
		t.Add(began, false, "connect", s.String(), reason(err))
		return nil, err
	}
	t.Add(began, true, "connect", s.String(), "connected")
	began = time.Now()
	if err := cn.do(ctx, func() error { return prepare(cn) }); err != nil {
		cn.end()
		err = c.broken(s, err)
		t.Add(began, false, "bind", s.String(), reason(err))
		return nil, err
	}
	return cn, nil
}

// dialWithin is dial within ConnectTimeout.
func (c *Client) dialWithin(ctx context.Context, s server, seen *handshake) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(c.cfg.ConnectTimeout))
	defer cancel()
	return c.dial(ctx, s, seen)
}

// dial connects to a server, with TLS if so configured, and sends nothing else.
func (c *Client) dial(ctx context.Context, s server, seen *handshake) (*conn, error) {
	addresses, err := c.resolve(ctx, s)
	if err != nil {
		return nil, err
	}
	var raw net.Conn
	for _, a := range addresses {
		var d net.Dialer
		if raw, err = d.DialContext(ctx, "tcp", net.JoinHostPort(a, strconv.Itoa(s.port))); err == nil {
			break
		}
	}
	if err != nil {
		return nil, c.broken(s, err)
	}
	config, err := c.tlsConfig(s, seen)
	if err != nil {
		_ = raw.Close()
		return nil, &Misconfigured{Reason: err.Error(), Err: err}
	}
	if s.tls == source.TLSLDAPS {
		return c.dialTLS(ctx, s, raw, config, seen)
	}
	cn := &conn{Conn: ldap.NewConn(raw, false), raw: raw, server: s}
	cn.Start()
	if s.tls == source.TLSStartTLS {
		if err := cn.do(ctx, func() error { return cn.StartTLS(config) }); err != nil {
			cn.end()
			return nil, c.noTLS(s, seen, err)
		}
	}
	return cn, nil
}

func (c *Client) dialTLS(ctx context.Context, s server, raw net.Conn, config *tls.Config, seen *handshake) (*conn, error) {
	protected := tls.Client(raw, config)
	if err := protected.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, c.noTLS(s, seen, err)
	}
	cn := &conn{Conn: ldap.NewConn(protected, true), raw: raw, server: s}
	cn.Start()
	return cn, nil
}

func (c *Client) resolve(ctx context.Context, s server) ([]string, error) {
	if net.ParseIP(s.host) != nil {
		return []string{s.host}, nil
	}
	addresses, err := c.o.Resolver.LookupHost(ctx, s.host)
	if err != nil || len(addresses) == 0 {
		return nil, &Unavailable{
			Reason: fmt.Sprintf("%s: the name %s is not known to this machine's DNS: check the name, or give the address", s, s.host),
			Err:    err,
		}
	}
	return addresses, nil
}

// noTLS tells in words why a connection could not be protected.
func (c *Client) noTLS(s server, seen *handshake, err error) error {
	var result *ldap.Error
	var record tls.RecordHeaderError
	switch {
	case seen.problem != nil:
		return &Misconfigured{Reason: fmt.Sprintf("%s: %v", s, seen.problem), Err: seen.problem}
	case timedOut(err):
		return c.broken(s, err)
	case errors.As(err, &result) && result.ResultCode < ldap.ErrorNetwork:
		return &Misconfigured{Reason: fmt.Sprintf("%s: the server does not want StartTLS (%s): set up a certificate there, or use ldaps://", s, describe(result)), Err: err}
	case errors.As(err, &record):
		return &Misconfigured{Reason: fmt.Sprintf("%s: the server does not speak TLS on this port: LDAPS is usually on port 636, and ldap:// with StartTLS on 389", s), Err: err}
	case seen.chain == nil && strings.Contains(err.Error(), "tls:"):
		return &Misconfigured{Reason: fmt.Sprintf("%s: no TLS version or cipher that both sides allow: %v", s, err), Err: err}
	case seen.chain == nil && closed(err):
		return &Unavailable{Reason: fmt.Sprintf("%s: the server ended the TLS handshake: does this port speak %s, with TLS %s or newer and a cipher that is allowed here?",
			s, s.tls, c.cfg.MinTLS), Err: err}
	}
	return c.broken(s, err)
}

// closed tells whether the other side ended the connection; the library keeps
// of some errors only the words.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || isLost(err)
}

// broken tells in words why a server did not answer; a judgement already made
// stays as it is.
func (c *Client) broken(s server, err error) error {
	var unavailable *Unavailable
	var misconfigured *Misconfigured
	if errors.As(err, &unavailable) || errors.As(err, &misconfigured) {
		return err
	}
	words := err.Error()
	switch {
	case timedOut(err):
		words = "no answer in time: is the server up, and does a firewall let this machine through?"
	case errors.Is(err, syscall.ECONNREFUSED):
		words = "nothing listens there: is the server up, and is the port right?"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		words = "there is no way to this address: check the network"
	case closed(err):
		words = "the server closed the connection"
		if s.tls == source.TLSNone {
			words += ": does this port speak LDAP without TLS?"
		}
	}
	return &Unavailable{Reason: fmt.Sprintf("%s: %s", s, words), Err: err}
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded)
}

// together makes one error of those of all servers: misconfigured only if each
// of them is.
func together(problems []error) error {
	if len(problems) == 1 {
		return problems[0]
	}
	var reasons []string
	wrong := 0
	for _, p := range problems {
		if r := reason(p); !slices.Contains(reasons, r) {
			reasons = append(reasons, r)
		}
		var m *Misconfigured
		if errors.As(p, &m) {
			wrong++
		}
	}
	all, err := strings.Join(reasons, "; "), errors.Join(problems...)
	if wrong == len(problems) {
		return &Misconfigured{Reason: all, Err: err}
	}
	return &Unavailable{Reason: all, Err: err}
}

// reason returns an error's words without its class.
func reason(err error) string {
	var unavailable *Unavailable
	var misconfigured *Misconfigured
	var refused *Refused
	var incomplete *Incomplete
	switch {
	case errors.As(err, &incomplete):
		return incomplete.Reason
	case errors.As(err, &unavailable):
		return unavailable.Reason
	case errors.As(err, &misconfigured):
		return misconfigured.Reason
	case errors.As(err, &refused):
		return refused.Reason
	}
	return err.Error()
}
