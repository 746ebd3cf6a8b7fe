// SPDX-License-Identifier: GPL-3.0-or-later

package dht

// Config is what the bootstrap node needs to start. The zero value is not
// usable; see DefaultConfig.
type Config struct {
	// Enabled switches the service on.
	Enabled bool `toml:"enabled"`
	// Engine names the node that does the work. Only "dhtnode" exists: the
	// OpenDHT program, run as a child process.
	Engine string `toml:"engine"`
	// Program is the path or name of the dhtnode binary.
	Program string `toml:"program"`
	// Listen is the UDP address of the node. dhtnode always binds the wildcard
	// address, so only the port counts and a host is refused.
	Listen string `toml:"listen"`
	// Bootstrap holds other nodes to join ("host:port"); empty on a lone site.
	// dhtnode takes at most one.
	Bootstrap []string `toml:"bootstrap"`
}

// DefaultConfig returns the settings of a fresh installation.
func DefaultConfig() Config {
	return Config{
		Enabled: true,
		Engine:  "dhtnode",
		Program: "dhtnode",
		Listen:  ":4222",
	}
}
