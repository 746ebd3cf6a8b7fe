// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"

	"jamibox/dht/limit"
	"jamibox/dht/routing"
	"jamibox/dht/storage"
)

// Config is what a Node needs. The zero value is not usable; see DefaultConfig.
type Config struct {
	// IPv4 and IPv6 are the UDP addresses to listen at. A family whose address
	// is not valid is not served, nor is IPv6 on a host that has none.
	IPv4, IPv6 netip.AddrPort
	// Bootstrap holds other nodes to join ("host:port").
	Bootstrap []string
	// StateFile keeps id, nodes and values over restarts; empty keeps nothing.
	// Its folder must exist.
	StateFile string
	// Network is 0 in networks of Jami.
	Network uint32

	Limits  limit.Config
	Storage storage.Limits
	Routing routing.Config
	// UnprovenBytes bounds the bytes of answers to one IP address in a second as
	// long as it has not proved that it hears us, by an answer or a token. It
	// must leave room for one value of the largest size.
	UnprovenBytes int
}

// DefaultConfig returns the settings of a node that listens at the port of the
// DHT on all addresses and keeps nothing over a restart.
func DefaultConfig() Config {
	return Config{
		IPv4:          netip.AddrPortFrom(netip.IPv4Unspecified(), 4222),
		IPv6:          netip.AddrPortFrom(netip.IPv6Unspecified(), 4222),
		Limits:        limit.DefaultConfig(),
		Storage:       storage.DefaultLimits(),
		Routing:       routing.DefaultConfig(),
		UnprovenBytes: 128 << 10,
	}
}
