// SPDX-License-Identifier: GPL-3.0-or-later

package turn

// Config is what the relay needs to start. The zero value is not usable;
// see DefaultConfig.
type Config struct {
	// Enabled switches the service on.
	Enabled bool `toml:"enabled"`
	// Listen holds the addresses served over UDP and TCP alike ("host:port").
	Listen []string `toml:"listen"`
	// Advertise holds the IP addresses that clients reach the relay at. The
	// first of each family is the relayed address. Empty: those given at set-up.
	Advertise []string `toml:"advertise"`
	// Ports is the range of relayed ports, "first-last", both included.
	Ports string `toml:"ports"`
	// Realm is the authentication realm shown to clients (RFC 8489, section 9.2).
	Realm string `toml:"realm"`
}

// DefaultConfig returns the settings of a fresh installation.
func DefaultConfig() Config {
	return Config{
		Enabled: true,
		Listen:  []string{":3478"},
		Ports:   "49152-65535",
		Realm:   "jamibox",
	}
}
