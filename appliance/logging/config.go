// SPDX-License-Identifier: GPL-3.0-or-later

package logging

// Config says what is logged and how. The zero value is not usable; see
// DefaultConfig.
type Config struct {
	// Level is the lowest level logged: "debug", "info", "warn" or "error".
	Level string `toml:"level"`
	// Format is "text" or "json".
	Format string `toml:"format"`
}

// DefaultConfig returns the settings of a fresh installation.
func DefaultConfig() Config { return Config{Level: "info", Format: "text"} }
