// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"golang.org/x/sync/errgroup"

	"jamibox/dht/wire"
)

// ErrNotRunning is returned by what needs a running node.
var ErrNotRunning = errors.New("dht node is not running")

// Node is a node of the DHT. Its methods are safe for concurrent use, but Run
// not with itself.
type Node struct {
	cfg    Config
	logger *slog.Logger

	mu     sync.Mutex // guards server
	server *server    // nil while the node is not running
}

// New returns a node that has yet to run; it opens nothing. The logger must not
// be nil.
func New(cfg Config, logger *slog.Logger) *Node {
	return &Node{cfg: cfg, logger: logger}
}

// Run reads the state file, listens, calls ready once, and serves until ctx is
// done; then it writes the state file and returns nil. An error is returned if
// the node cannot listen, can no longer receive, or could not write its state at
// the end. It may be called again after it returned.
func (n *Node) Run(ctx context.Context, ready func()) error {
	sockets, err := listen(n.cfg, n.logger)
	if err != nil {
		return err
	}
	s := newServer(n.cfg, sockets, n.logger)
	if err := s.restore(); err != nil {
		return errors.Join(err, s.close())
	}
	n.setServer(s)
	defer n.setServer(nil)

	group, ctx := errgroup.WithContext(ctx)
	for _, socket := range s.sockets {
		if socket != nil {
			group.Go(func() error { return s.read(socket) })
		}
	}
	for range checkers {
		group.Go(func() error { return s.checkValues(ctx) })
	}
	group.Go(func() error { return s.keepTime(ctx) })
	group.Go(func() error { return s.keepState(ctx) })
	group.Go(func() error { return s.followAddrs(ctx) })
	group.Go(func() error { return s.replicate(ctx) })
	for _, host := range n.cfg.Bootstrap {
		group.Go(func() error { return s.join(ctx, host) })
	}
	group.Go(func() error {
		<-ctx.Done()
		return s.close()
	})
	n.logger.Info("dht node listens", "node", s.id.String(), "addr", s.addrs())
	ready()
	err = group.Wait()
	s.abandon()
	return errors.Join(err, s.saveState())
}

// Told tells the node of another that was found by other means than its own. A
// node that is not running ignores it.
func (n *Node) Told(other wire.Node) {
	s := n.running()
	if s == nil {
		return
	}
	out := newOutbox(s)
	s.begin(out)
	s.told(other)
	s.end()
	out.flush()
}

func (n *Node) setServer(s *server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.server = s
}

// Running reports whether the node runs.
func (n *Node) Running() bool { return n.running() != nil }

// running returns nil if the node is not.
func (n *Node) running() *server {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.server
}

// started returns the server of a node that must be running.
func (n *Node) started(action string) (*server, error) {
	if s := n.running(); s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("%s: %w", action, ErrNotRunning)
}
