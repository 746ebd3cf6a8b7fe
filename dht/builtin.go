// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"jamibox/dht/discovery"
	"jamibox/dht/limit"
	"jamibox/dht/node"
)

// stateFile is where the builtin node keeps its state, in the state folder.
const stateFile = "node.state"

// builtin is the Engine that is part of this program.
type builtin struct {
	node      *node.Node
	stateDir  string
	discovery bool
	logger    *slog.Logger
}

// type check
var _ Engine = (*builtin)(nil)

func newBuiltin(cfg Config, stateDir string, logger *slog.Logger) (*builtin, error) {
	listen, err := cfg.listen()
	if err != nil {
		return nil, err
	}
	c := node.DefaultConfig()
	c.IPv4, c.IPv6 = families(listen)
	c.Bootstrap = cfg.Bootstrap
	c.StateFile = filepath.Join(stateDir, stateFile)
	c.Replicate = true
	c.Limits, c.Unproven = cfg.limits(c.Limits, c.Unproven)
	return &builtin{node: node.New(c, logger), stateDir: stateDir, discovery: cfg.LANDiscovery, logger: logger}, nil
}

// limits applies the settings to the limits of addresses that proved that they
// hear us, and to those of all others, which may be forged: these are never
// lifted, or anybody could have us flood a victim.
func (c Config) limits(proven, unproven limit.Config) (limit.Config, limit.Config) {
	proven.Requests, proven.RequestsPerAddress = c.MaxRequestsPerSecond, c.MaxRequestsPerSecondPerSource
	if most := c.MaxRequestsPerSecond; most > 0 {
		unproven.Requests = min(unproven.Requests, most)
	}
	if most := c.MaxRequestsPerSecondPerSource; most > 0 {
		unproven.RequestsPerAddress = min(unproven.RequestsPerAddress, most)
	}
	return proven, unproven
}

// families returns where to listen over IPv4 and over IPv6, of which one is not
// valid if the address belongs to the other.
func families(listen netip.AddrPort) (ipv4, ipv6 netip.AddrPort) {
	switch addr := listen.Addr(); {
	case !addr.IsValid():
		return netip.AddrPortFrom(netip.IPv4Unspecified(), listen.Port()), netip.AddrPortFrom(netip.IPv6Unspecified(), listen.Port())
	case addr.Is4():
		return listen, netip.AddrPort{}
	}
	return netip.AddrPort{}, listen
}

// Run implements Engine.
func (b *builtin) Run(ctx context.Context, ready func()) error {
	if err := os.MkdirAll(b.stateDir, 0o700); err != nil {
		return fmt.Errorf("making the state folder of the dht node: %w", err)
	}
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error {
		return b.node.Run(ctx, func() {
			if b.discovery {
				tasks.Go(func() error { return b.beacon().Run(ctx) })
			}
			ready()
		})
	})
	return tasks.Wait()
}

// beacon makes the running node known to the local network. Nodes that others
// publish there are met as well.
func (b *builtin) beacon() *discovery.Beacon {
	stats := b.node.Stats()
	return discovery.New(discovery.Config{
		ID: stats.ID, Port: b.Addr().Port(), Found: b.node.Told, Searching: b.lonely,
	}, b.logger)
}

// lonely reports whether the node knows no other.
func (b *builtin) lonely() bool {
	stats := b.node.Stats()
	return stats.IPv4.Good+stats.IPv6.Good == 0
}

// Addr implements Engine.
func (b *builtin) Addr() netip.AddrPort {
	addrs := b.node.Stats().Addrs
	if len(addrs) == 0 {
		return netip.AddrPort{}
	}
	switch addr := addrs[0]; addr.Addr() {
	case netip.IPv4Unspecified():
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr.Port())
	case netip.IPv6Unspecified():
		return netip.AddrPortFrom(netip.IPv6Loopback(), addr.Port())
	default:
		return addr
	}
}

// PID implements Engine.
func (b *builtin) PID() int { return 0 }
