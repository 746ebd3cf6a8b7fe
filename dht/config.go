// SPDX-License-Identifier: GPL-3.0-or-later

package dht

// Config is what the bootstrap node needs to start. The zero value is not
// usable; see DefaultConfig.
type Config struct {
	// Enabled switches the service on.
	Enabled bool `toml:"enabled"`
	// Engine names the node that does the work: EngineBuiltin or EngineDhtnode.
	Engine string `toml:"engine"`
	// Program is the path or name of the dhtnode binary.
	Program string `toml:"program"`
	// Listen is the UDP address of the node. dhtnode always binds the wildcard
	// address, so only its port counts and a host is refused.
	Listen string `toml:"listen"`
	// Bootstrap holds other nodes to join ("host:port"); empty on a lone site.
	// dhtnode takes at most one.
	Bootstrap []string `toml:"bootstrap"`
	// LANDiscovery makes the builtin node known to the local network by
	// multicast, as clients with LAN discovery look for it.
	LANDiscovery bool `toml:"lan_discovery"`
	// MaxRequestsPerSecond and MaxRequestsPerSecondPerSource bound what the
	// builtin node answers: all in all, and to one IP address, behind which a
	// whole site may sit. Zero is no limit.
	MaxRequestsPerSecond          int `toml:"max_requests_per_second"`
	MaxRequestsPerSecondPerSource int `toml:"max_requests_per_second_per_source"`
}

// DefaultConfig returns the settings of a fresh installation.
func DefaultConfig() Config {
	return Config{
		Enabled: true,
		Engine:  EngineBuiltin,
		Program: "dhtnode",
		Listen:  ":4222",
		// OpenDHT answers 8192 and 1024. Five thousand clients behind one
		// address that all start at once ask for more.
		MaxRequestsPerSecond:          16384,
		MaxRequestsPerSecondPerSource: 8192,
	}
}
