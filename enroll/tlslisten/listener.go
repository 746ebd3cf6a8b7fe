// SPDX-License-Identifier: GPL-3.0-or-later

package tlslisten

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	defaultTimeout    = 10 * time.Second
	defaultMaxPending = 1024
	minBackoff        = 5 * time.Millisecond
	maxBackoff        = time.Second
)

// Options are the settings of a Listener; the zero value is usable.
type Options struct {
	// HandshakeTimeout bounds one handshake; 0 means 10 s.
	HandshakeTimeout time.Duration
	// MaxPending bounds the handshakes under way; 0 means 1024. A source
	// address (IPv6: /64 network) gets no more than is left for all others.
	MaxPending int
	// Logger may be nil.
	Logger *slog.Logger
	// Now dates the refusals; nil means time.Now.
	Now func() time.Time
}

// Listener accepts TLS connections. It implements net.Listener: Accept returns
// connections whose handshake is complete, of type *Conn. Safe for concurrent
// use.
type Listener struct {
	inner    net.Listener
	config   *tls.Config
	timeout  time.Duration
	logger   *slog.Logger
	refusals *refusals
	pending  *pending

	ready  chan *Conn
	closed chan struct{}
	failed chan struct{} // closed when the inner listener has failed for good
	wg     sync.WaitGroup

	mu       sync.Mutex
	started  bool  // guarded by mu
	stopped  bool  // guarded by mu
	failure  error // written before failed is closed
	closeErr error // guarded by mu
}

// New takes over inner, which Close will close; it starts nothing before the
// first Accept. config must have a certificate (see ServerConfig).
func New(inner net.Listener, config *tls.Config, opts Options) *Listener {
	if opts.HandshakeTimeout <= 0 {
		opts.HandshakeTimeout = defaultTimeout
	}
	if opts.MaxPending <= 0 {
		opts.MaxPending = defaultMaxPending
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Listener{
		inner:    inner,
		config:   config,
		timeout:  opts.HandshakeTimeout,
		logger:   opts.Logger,
		refusals: newRefusals(opts.Logger, opts.Now),
		pending:  newPending(opts.MaxPending, opts.HandshakeTimeout/5),
		ready:    make(chan *Conn),
		closed:   make(chan struct{}),
		failed:   make(chan struct{}),
	}
}

// Accept waits for a client that has completed its handshake. It returns
// net.ErrClosed after Close, and the inner listener's error if that fails for good.
func (l *Listener) Accept() (net.Conn, error) {
	l.start()
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	default:
	}
	select {
	case conn := <-l.ready:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-l.failed:
		return nil, l.failure
	}
}

// Close stops listening, ends the handshakes under way and waits for them.
// Connections already handed over are not touched.
func (l *Listener) Close() error {
	l.mu.Lock()
	if !l.stopped {
		l.stopped = true
		close(l.closed)
		l.closeErr = l.inner.Close()
		l.pending.closeAll()
	}
	err := l.closeErr
	l.mu.Unlock()
	l.wg.Wait()
	return err
}

// Addr is the address of the inner listener.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Refusals lists the clients that broke their handshake off, the latest first.
func (l *Listener) Refusals() []Refusal { return l.refusals.list() }

func (l *Listener) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started || l.stopped {
		return
	}
	l.started = true
	l.wg.Go(l.acceptAll)
}

func (l *Listener) acceptAll() {
	backoff := time.Duration(0)
	for {
		conn, err := l.inner.Accept()
		if err == nil {
			backoff = 0
			l.admit(conn)
			continue
		}
		if !temporary(err) {
			l.failure = err
			close(l.failed)
			return
		}
		if backoff == 0 {
			l.logger.Warn("accepting connections delayed", "err", err)
		}
		backoff = min(max(2*backoff, minBackoff), maxBackoff)
		select {
		case <-time.After(backoff):
		case <-l.closed:
			return
		}
	}
}

// admit starts the handshake of a new connection if there is room for it.
func (l *Listener) admit(raw net.Conn) {
	if tcp, ok := raw.(*net.TCPConn); ok {
		// Clients vanish with their network; without this their connections stay.
		err := tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4})
		if err != nil {
			l.logger.Debug("tcp keep-alive not set", "err", err)
		}
	}
	conn := &wireConn{Conn: raw, remote: remoteAddr(raw)}
	entry, err := l.pending.add(conn, l.closed)
	if err != nil {
		raw.Close()
		if errors.Is(err, errCrowded) {
			l.refusals.add(conn.remote, ReasonCrowded)
		}
		return
	}
	l.wg.Go(func() {
		defer l.pending.remove(entry)
		l.handshake(conn)
	})
}

func (l *Listener) handshake(raw *wireConn) {
	conn := tls.Server(raw, l.config)
	if err := raw.SetDeadline(time.Now().Add(l.timeout)); err != nil {
		raw.Close()
		return
	}
	if err := conn.Handshake(); err != nil {
		l.refuse(raw, err)
		return
	}
	raw.completed = true
	if err := raw.SetDeadline(time.Time{}); err != nil {
		raw.Close()
		return
	}
	select {
	case l.ready <- &Conn{Conn: conn, remote: raw.remote, refusals: l.refusals}:
	case <-l.closed:
		raw.Close()
	case <-l.failed:
		raw.Close()
	}
}

func (l *Listener) refuse(raw *wireConn, err error) {
	defer raw.Close()
	select {
	case <-l.closed:
		return
	default:
	}
	if raw.displaced.Load() {
		l.refusals.add(raw.remote, ReasonCrowded)
		return
	}
	// A connection that never sent a byte is a port probe, not a client.
	if !raw.heard() && !timedOut(err) {
		return
	}
	if alert := raw.plainAlert(); alert != nil {
		err = alert
	}
	reason := reasonOf(err)
	l.refusals.add(raw.remote, reason)
	if reason == ReasonPlainHTTP {
		answerPlainHTTP(raw)
	}
}

// temporary asks for the property that net.Error still has and that has no
// successor for telling a shortage of descriptors from the end.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

func remoteAddr(conn net.Conn) netip.Addr {
	ap, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}
