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
	// MaxRequestsPerSecond and MaxRequestsPerSecondPerSource bound the requests
	// that the builtin node takes: all in all, and from one IP address, behind
	// which a whole site may sit. Zero is no limit. They are for addresses that
	// proved that they hear the node, as all clients have done after their first
	// put or answer. Others, which may be forged, count apart: at most 8192, and
	// 1024 from one address, or the settings where these are lower. The bytes of
	// answers to an address are bounded whatever is set: 16 MiB in a second, and
	// 128 KiB before its proof.
	MaxRequestsPerSecond          int `toml:"max_requests_per_second"`
	MaxRequestsPerSecondPerSource int `toml:"max_requests_per_second_per_source"`
	// ProxyListen is the TCP address at which clients without a node of their own
	// use the builtin node over HTTPS; empty: there is no proxy. The bounds of
	// requests above hold for it, too.
	ProxyListen string `toml:"proxy_listen"`
	// ProxyPush says which clients are told to use the proxy: ProxyPushOff or
	// ProxyPushAll.
	ProxyPush string `toml:"proxy_push"`
}

// What Config.ProxyPush can be.
const (
	// ProxyPushOff leaves it to clients and administrators to switch the proxy on.
	ProxyPushOff = "off"
	// ProxyPushAll has all clients use the proxy.
	ProxyPushAll = "all"
)

// HasProxy reports whether the settings ask for a proxy.
func (c Config) HasProxy() bool { return c.Enabled && c.ProxyListen != "" }

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
		ProxyPush:                     ProxyPushOff,
	}
}
