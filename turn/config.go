// SPDX-License-Identifier: GPL-3.0-or-later

package turn

// Config is what the relay needs to start. The zero value is not usable;
// see DefaultConfig.
type Config struct {
	// Enabled switches the service on.
	Enabled bool `toml:"enabled"`
	// Listen holds the addresses served over UDP and TCP alike ("host:port").
	Listen []string `toml:"listen"`
	// TLSListen holds the addresses served over TLS ("host:port").
	TLSListen []string `toml:"tls_listen"`
	// Advertise holds the IP addresses that clients reach the relay at, each
	// as "address" or, behind a NAT, "address/local address"; see
	// [ParseAdvertised]. Empty: those given at set-up.
	Advertise []string `toml:"advertise"`
	// Ports is the range of relayed ports, "first-last", both included.
	Ports string `toml:"ports"`
	// Realm is the authentication realm shown to clients (RFC 8489, section 9.2).
	Realm string `toml:"realm"`

	// AllowPeers and DenyPeers are networks in CIDR notation that clients may
	// or may not reach through the relay; the former goes first.
	AllowPeers []string `toml:"allow_peers"`
	DenyPeers  []string `toml:"deny_peers"`
	// RefuseDenied answers 403 to a request that names a peer of DenyPeers.
	RefuseDenied bool `toml:"refuse_denied"`
	// LinkLocalPeers lets link-local peers be reached.
	LinkLocalPeers bool `toml:"link_local_peers"`

	// MaxAllocations and the following limits are explained in the example
	// file of the configuration.
	MaxAllocations             int `toml:"max_allocations"`
	MaxAllocationsPerDevice    int `toml:"max_allocations_per_device"`
	MaxAllocationsPerSource    int `toml:"max_allocations_per_source"`
	MaxConnectionsPerDevice    int `toml:"max_connections_per_device"`
	MaxSilentStreamsPerSource  int `toml:"max_silent_streams_per_source"`
	MaxBytesPerSecondPerDevice int `toml:"max_bytes_per_second_per_device"`

	// FirstSessionNetworks are networks in CIDR notation from which Jami's
	// built-in credentials are accepted.
	FirstSessionNetworks []string `toml:"first_session_networks"`
}

// DefaultConfig returns the settings of a fresh installation.
func DefaultConfig() Config {
	return Config{
		Enabled:                   true,
		Listen:                    []string{":3478"},
		Ports:                     "49152-65535",
		Realm:                     "jamibox",
		MaxAllocations:            16000,
		MaxAllocationsPerDevice:   50,
		MaxAllocationsPerSource:   8000,
		MaxConnectionsPerDevice:   128,
		MaxSilentStreamsPerSource: 32,
	}
}
