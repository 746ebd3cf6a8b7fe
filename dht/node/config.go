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
	// Replicate gives nodes that come, or come back, the stored values to whose
	// keys they are among the eight closest. They do not do so by themselves.
	Replicate bool
	// Network is 0 in networks of Jami.
	Network uint32

	// Limits bounds the traffic of addresses that proved that they hear us, by an
	// answer or a token, and Unproven that of all others, which may be forged.
	// Unproven must leave room for a value of the largest size.
	Limits, Unproven limit.Config

	Storage storage.Limits
	Routing routing.Config
}

// DefaultConfig returns the settings of a node that listens at the port of the
// DHT on all addresses, keeps nothing over a restart and replicates nothing. Strangers are bounded as
// OpenDHT does, but a whole site of 5,000 clients may share a proven address.
func DefaultConfig() Config {
	unproven := limit.DefaultConfig()
	unproven.BytesPerAddress = 128 << 10
	return Config{
		IPv4:     netip.AddrPortFrom(netip.IPv4Unspecified(), 4222),
		IPv6:     netip.AddrPortFrom(netip.IPv6Unspecified(), 4222),
		Limits:   limit.Config{Requests: 16384, RequestsPerAddress: 8192, BytesPerAddress: 16 << 20},
		Unproven: unproven,
		Storage:  storage.DefaultLimits(),
		Routing:  routing.DefaultConfig(),
	}
}
