// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"context"
	"log/slog"
	"net/netip"
)

// The engines that the settings can name.
const (
	// EngineBuiltin is the node that is part of this program.
	EngineBuiltin = "builtin"
	// EngineDhtnode is the OpenDHT program, run as a child process.
	EngineDhtnode = "dhtnode"
)

// Engine is a DHT node. Addr and PID are safe for concurrent use, also with Run.
type Engine interface {
	// Run starts the node, calls ready once when asking it makes sense, and
	// blocks. When ctx is done it stops the node and returns nil; a node that
	// ends for another reason is an error. Nothing is left running after it.
	Run(ctx context.Context, ready func()) error
	// Addr is where a probe on this machine reaches the node. It is valid from
	// the call of ready until Run returns.
	Addr() netip.AddrPort
	// PID is the id of the node's process, 0 while it has none of its own.
	PID() int
}

// newEngine returns the engine that valid settings name.
func newEngine(cfg Config, stateDir string, logger *slog.Logger) (Engine, error) {
	if cfg.Engine == EngineBuiltin {
		return newBuiltin(cfg, stateDir, logger)
	}
	listen, err := cfg.listen()
	if err != nil {
		return nil, err
	}
	return &dhtnode{
		program:   cfg.Program,
		port:      listen.Port(),
		bootstrap: cfg.Bootstrap,
		stateDir:  stateDir,
		stopAfter: stopTimeout,
		logger:    logger,
	}, nil
}
