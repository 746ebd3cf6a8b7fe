// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"jamibox/dht/node"
)

const (
	// startTimeout is how long a node may take from its start to its answer.
	startTimeout = 10 * time.Second
	// startRetry spaces the probes of a node that has just been started.
	startRetry = 50 * time.Millisecond
)

// ErrNotRunning is returned by Check while there is no node to ask.
var ErrNotRunning = errors.New("dht node is not running")

// Service runs the node that the settings name. Check and Status are safe for
// concurrent use, also with Run; Run is not with itself.
type Service struct {
	cfg        Config
	engine     Engine
	startLimit time.Duration
	logger     *slog.Logger

	mu     sync.Mutex // guards what follows
	prober *prober    // nil while there is no node
	status Status
	rate   rate // of the builtin node's requests
}

// New returns a service for valid settings; it opens nothing. StateDir is the
// folder for what the node keeps over restarts; Run makes it. The logger must
// not be nil. The error holds all problems of the settings.
func New(cfg Config, stateDir string, logger *slog.Logger) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	engine, err := newEngine(cfg, stateDir, logger)
	if err != nil {
		return nil, err
	}
	return &Service{
		cfg:        cfg,
		engine:     engine,
		startLimit: startTimeout,
		logger:     logger,
		status:     Status{Engine: cfg.Engine},
	}, nil
}

// Name returns "dht".
func (s *Service) Name() string { return "dht" }

// Run starts the node, calls ready once when a probe was answered, and blocks.
// When ctx is done it stops the node and returns nil. An error is returned when
// the node cannot be started, does not answer in time, or ends by itself. It may
// be called again after it returned.
func (s *Service) Run(ctx context.Context, ready func()) error {
	nodeCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var starting sync.WaitGroup
	err := s.engine.Run(nodeCtx, func() {
		starting.Go(func() {
			if err := s.awaitAnswer(nodeCtx); err != nil {
				stop(err)
				return
			}
			ready()
		})
		if b, ok := s.engine.(*builtin); ok {
			starting.Go(func() { s.sample(nodeCtx, b) })
		}
	})
	stop(nil)
	starting.Wait()
	err = errors.Join(err, s.detach())
	if err == nil && ctx.Err() == nil {
		return context.Cause(nodeCtx)
	}
	return err
}

// Check asks the running node as a client would: a ping must be answered, a find
// bring a token, and a value that is put be there for a get. It heeds ctx and
// takes at most three seconds.
func (s *Service) Check(ctx context.Context) error {
	s.mu.Lock()
	prober := s.prober
	s.mu.Unlock()
	if prober == nil {
		return ErrNotRunning
	}
	answer, err := prober.check(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prober != prober {
		return ErrNotRunning
	}
	s.status.NodeID = answer.node.String()
	s.status.LastProbe = Probe{At: time.Now(), RTT: answer.rtt}
	s.status.Nodes = answer.nodes
	return nil
}

// Status returns what is known of the node; it does not ask it.
func (s *Service) Status() Status {
	s.mu.Lock()
	status := s.status
	s.mu.Unlock()
	stats, ok := s.Stats()
	if !ok || status.Port == 0 {
		return status
	}
	status.Builtin = nodeStatus(stats)
	for _, other := range s.engine.(*builtin).node.Neighbours(maxNeighbours) {
		status.Builtin.Neighbours = append(status.Builtin.Neighbours, Neighbour{NodeID: other.ID.String(), Addr: other.Addr.String()})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status.Builtin.RequestsPerSecond = s.rate.perSecond(stats.Requests, time.Now())
	return status
}

// Stats returns all figures of the builtin node, also those that are zero; false
// while there is none.
func (s *Service) Stats() (node.Stats, bool) {
	b, ok := s.engine.(*builtin)
	if !ok {
		return node.Stats{}, false
	}
	stats := b.node.Stats()
	return stats, len(stats.Addrs) > 0
}

// sample keeps the rate of requests up to date until ctx is done.
func (s *Service) sample(ctx context.Context, b *builtin) {
	ticker := time.NewTicker(ratePause)
	defer ticker.Stop()
	for {
		totals := b.node.Stats().Requests
		s.mu.Lock()
		s.rate.add(totals, time.Now())
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// awaitAnswer opens the prober for the node just started and probes until it
// answers. Its first answer makes the status known.
func (s *Service) awaitAnswer(ctx context.Context) error {
	if err := s.attach(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.startLimit)
	defer cancel()
	retry := time.NewTicker(startRetry)
	defer retry.Stop()
	for {
		err := s.Check(ctx)
		if err == nil {
			break
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return fmt.Errorf("dht node was stopped, since it did not answer within %s of its start: %w", s.startLimit, err)
		}
	}
	s.mu.Lock()
	s.status.Started = time.Now()
	status := s.status
	s.mu.Unlock()
	s.logger.Info("dht node answers", "engine", status.Engine, "port", status.Port, "node", status.NodeID)
	return nil
}

func (s *Service) attach() error {
	addr := s.engine.Addr()
	prober, err := dialProber(addr)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prober = prober
	s.status.Port = addr.Port()
	s.status.PID = s.engine.PID()
	return nil
}

// detach closes the prober, if there is one, and forgets the node.
func (s *Service) detach() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.rate = Status{Engine: s.status.Engine}, rate{}
	prober := s.prober
	s.prober = nil
	if prober == nil {
		return nil
	}
	if err := prober.close(); err != nil {
		return fmt.Errorf("closing the socket of the dht probe: %w", err)
	}
	return nil
}
