// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"context"
	"net/netip"
)

// EngineDhtnode is the setting that selects the OpenDHT program.
const EngineDhtnode = "dhtnode"

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
