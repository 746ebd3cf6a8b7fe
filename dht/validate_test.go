// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigValidate(t *testing.T) {
	require.NoError(t, DefaultConfig().Validate())
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // empty: valid
	}{
		"any free port":              {func(c *Config) { c.Listen = ":0" }, ""},
		"one bootstrap node":         {func(c *Config) { c.Bootstrap = []string{"box.example:4222"} }, ""},
		"bootstrap node of IPv6":     {func(c *Config) { c.Bootstrap = []string{"[fd00::1]:4222"} }, ""},
		"error/unknown engine":       {func(c *Config) { c.Engine = "other" }, `dht.engine: "other": expected "dhtnode"`},
		"error/no program":           {func(c *Config) { c.Program = "" }, `dht.program: ""`},
		"error/host":                 {func(c *Config) { c.Listen = "10.0.0.1:4222" }, `dht.listen: "10.0.0.1:4222": expected a port without a host`},
		"error/port alone":           {func(c *Config) { c.Listen = "4222" }, `dht.listen: "4222": expected a port, such as ":4222"`},
		"error/port too high":        {func(c *Config) { c.Listen = ":65536" }, `dht.listen: ":65536": expected a port number`},
		"error/named port":           {func(c *Config) { c.Listen = ":dht" }, `dht.listen: ":dht": expected a port number`},
		"error/two bootstrap nodes":  {func(c *Config) { c.Bootstrap = []string{"a:1", "b:2"} }, `dht.bootstrap: "[a:1 b:2]": expected one address`},
		"error/bootstrap, no port":   {func(c *Config) { c.Bootstrap = []string{"box"} }, `dht.bootstrap: "box": expected "host:port"`},
		"error/bootstrap, no host":   {func(c *Config) { c.Bootstrap = []string{":4222"} }, `dht.bootstrap: ":4222": expected "host:port"`},
		"error/bootstrap, port zero": {func(c *Config) { c.Bootstrap = []string{"box:0"} }, `dht.bootstrap: "box:0": expected a port number`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			c.change(&cfg)
			err := cfg.Validate()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestNewReturnsAllProblems(t *testing.T) {
	_, err := New(Config{}, t.TempDir(), slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "dht.engine")
	require.ErrorContains(t, err, "dht.program")
	require.ErrorContains(t, err, "dht.listen")
}
