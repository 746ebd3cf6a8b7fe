// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"jamibox/dht/limit"
)

// ErrNotRunning is returned by Check while the proxy does not listen.
var ErrNotRunning = errors.New("dht proxy is not running")

// Server is the proxy. Its methods are safe for concurrent use, but Run not with
// itself.
type Server struct {
	cfg    Config
	node   Node
	logger *slog.Logger

	hub           *hub
	keeper        *keeper
	connections   *crowd
	listeners     *crowd
	subscriptions *subscriptions
	counters      counters

	rateMu sync.Mutex     // guards rate
	rate   *limit.Limiter // of requests

	mu      sync.Mutex // guards all below
	addr    net.Addr   // nil while it does not listen
	started time.Time
}

// New returns a proxy for the node, which need not run yet. It opens nothing. The
// logger must not be nil.
func New(cfg Config, node Node, logger *slog.Logger) *Server {
	requests := cfg.Limits.Requests
	requests.BytesPerAddress = 0
	return &Server{
		cfg: cfg, node: node, logger: logger,
		hub:           newHub(node, logger),
		keeper:        newKeeper(node, cfg.Limits, logger),
		connections:   newCrowd(cfg.Limits.Connections, cfg.Limits.ConnectionsPerSource),
		listeners:     newCrowd(cfg.Limits.Listeners, cfg.Limits.ListenersPerSource),
		subscriptions: newSubscriptions(),
		rate:          limit.New(requests, time.Now()),
	}
}

// Name returns "dht-proxy".
func (s *Server) Name() string { return "dht-proxy" }

// Addr returns where the proxy listens; nil while it does not.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Run listens, calls ready once, and serves until ctx is done. Then it lets
// requests end, breaks the listeners off, and returns nil. It may be called again
// after it returned; values that are kept alive are so again.
func (s *Server) Run(ctx context.Context, ready func()) error {
	config := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
	}}
	inner, err := config.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listening at %s as dht.proxy_listen says: %w", s.cfg.Listen, err)
	}
	s.listening(inner.Addr())
	defer s.listening(nil)

	l, breakOff, giveUp := newLife()
	defer breakOff()
	defer giveUp()
	server := &http.Server{
		Handler:           s.handler(l),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      searchTimeout + writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	secure := tls.NewListener(listener{inner, s.connections}, &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: s.cfg.Certificate, NextProtos: []string{"http/1.1"},
	})
	var tasks errgroup.Group
	tasks.Go(func() error {
		if err := server.Serve(secure); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving the dht proxy: %w", err)
		}
		return nil
	})
	stopping, stop := context.WithCancel(ctx)
	defer stop()
	tasks.Go(func() error { s.keeper.run(stopping); return nil })
	tasks.Go(func() error {
		<-stopping.Done()
		breakOff()
		defer l.requests.Wait()
		defer giveUp()
		return shutDown(server)
	})
	s.logger.Info("dht proxy listens", "addr", inner.Addr().String())
	ready()
	err = tasks.Wait()
	s.hub.wait()
	return err
}

// life is how long the requests of one run may last.
type life struct {
	// streams is done when answers are broken off that do not end by themselves,
	// puts when values are no longer put.
	streams, puts context.Context
	requests      sync.WaitGroup
}

func newLife() (l *life, breakOff, giveUp context.CancelFunc) {
	l = new(life)
	l.streams, breakOff = context.WithCancel(context.Background())
	l.puts, giveUp = context.WithCancel(context.Background())
	return l, breakOff, giveUp
}

// shutDown waits for requests for a while. Listeners are broken off already.
func shutDown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("stopping the dht proxy: %w", err)
	}
	return nil
}

func (s *Server) listening(addr net.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addr = addr
	s.started = time.Now()
}
