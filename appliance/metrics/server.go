// SPDX-License-Identifier: GPL-3.0-or-later

package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	readTimeout  = 10 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = 2 * time.Minute
	maxHeader    = 16 << 10
	// maxScrapes at a time; one more is told to come back.
	maxScrapes = 4
	drainTime  = 2 * time.Second
)

// Server is the service that Prometheus asks. Addr is safe for concurrent use;
// Run must not be called again before it returned.
type Server struct {
	cfg     Config
	handler http.Handler
	logger  *slog.Logger
	addr    atomic.Pointer[net.TCPAddr] // nil while not serving
}

// New returns a server, not running, of what the collectors read and of the Go
// runtime. No two collectors may have a metric in common. The logger must not
// be nil.
func New(cfg Config, logger *slog.Logger, read ...prometheus.Collector) (*Server, error) {
	registry := prometheus.NewPedanticRegistry()
	read = append(read, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, c := range read {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelError),
		// What can be read is worth more than nothing.
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: maxScrapes,
	}))
	return &Server{cfg: cfg, handler: mux, logger: logger}, nil
}

// Name returns the name of the service.
func (s *Server) Name() string { return "metrics" }

// Addr returns the address that is served; nil while none is.
func (s *Server) Addr() *net.TCPAddr { return s.addr.Load() }

// Run listens, calls ready once, and serves until ctx is done. It may be called
// again after it returned.
func (s *Server) Run(ctx context.Context, ready func()) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("metrics.listen: listening on %s: %w", s.cfg.Listen, err)
	}
	server := &http.Server{
		Handler: s.handler, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		// Clients that hang up are of no interest.
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	s.addr.Store(l.Addr().(*net.TCPAddr))
	defer s.addr.Store(nil)
	s.logger.Info("metrics are served", "addr", l.Addr().String())
	ready()
	select {
	case err := <-failed:
		return fmt.Errorf("serving metrics: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err = server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-failed
	if err != nil {
		return fmt.Errorf("stopping the metrics: %w", err)
	}
	return nil
}
