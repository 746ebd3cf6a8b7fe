// SPDX-License-Identifier: GPL-3.0-or-later

package metrics

// Config is the zero value in a fresh installation.
type Config struct {
	// Listen is the address to serve at ("host:port"). Empty: off.
	Listen string `toml:"listen"`
}

// DefaultConfig returns the settings of a fresh installation.
func DefaultConfig() Config { return Config{} }
