// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"jamibox/appliance/logging"
	"jamibox/appliance/metrics"
	"jamibox/dht"
	"jamibox/enroll"
	"jamibox/enroll/tlsidentity"
	"jamibox/turn"
)

// Config is all that is needed to start. The zero value is not usable; see
// Default and Load.
type Config struct {
	// DataDir is the folder of everything that must survive a restart.
	DataDir string              `toml:"data_dir"`
	Server  enroll.ServerConfig `toml:"server"`
	TLS     tlsidentity.Config  `toml:"tls"`
	Turn    turn.Config         `toml:"turn"`
	DHT     dht.Config          `toml:"dht"`
	Log     logging.Config      `toml:"log"`
	Metrics metrics.Config      `toml:"metrics"`
}

// Default returns the settings of a fresh installation.
func Default() Config {
	server := enroll.DefaultConfig()
	return Config{
		DataDir: defaultDataDir(),
		Server:  server.Server,
		TLS:     server.TLS,
		Turn:    turn.DefaultConfig(),
		DHT:     dht.DefaultConfig(),
		Log:     logging.DefaultConfig(),
		Metrics: metrics.DefaultConfig(),
	}
}
