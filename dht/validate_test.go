// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"log/slog"
	"strings"
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
		"off, no program":            {func(c *Config) { c.Enabled, c.Program = false, "" }, ""},
		"one bootstrap node":         {func(c *Config) { c.Bootstrap = []string{"box.example:4222"} }, ""},
		"bootstrap node of IPv4":     {func(c *Config) { c.Bootstrap = []string{"10.0.0.2:4222"} }, ""},
		"bootstrap node of IPv6":     {func(c *Config) { c.Bootstrap = []string{"[fd00::1]:4222"} }, ""},
		"bootstrap node in full":     {func(c *Config) { c.Bootstrap = []string{"box_2.example.:65535"} }, ""},
		"error/unknown engine":       {func(c *Config) { c.Engine = "other" }, `dht.engine: "other": expected "builtin" or "dhtnode"`},
		"builtin":                    {func(c *Config) { c.Engine, c.Program = EngineBuiltin, "" }, ""},
		"builtin at one address":     {func(c *Config) { c.Engine, c.Listen = EngineBuiltin, "10.0.0.1:4222" }, ""},
		"builtin at one IPv6":        {func(c *Config) { c.Engine, c.Listen = EngineBuiltin, "[fd00::1]:4222" }, ""},
		"builtin, several nodes":     {func(c *Config) { c.Engine, c.Bootstrap = EngineBuiltin, []string{"a:1", "b:2"} }, ""},
		"error/builtin at a name":    {func(c *Config) { c.Engine, c.Listen = EngineBuiltin, "box:4222" }, `dht.listen: "box:4222": expected an IP address`},
		"error/builtin, group":       {func(c *Config) { c.Engine, c.Listen = EngineBuiltin, "224.0.0.1:4222" }, "dht.listen: "},
		"error/requests":             {func(c *Config) { c.MaxRequestsPerSecond = -1 }, `dht.max_requests_per_second: "-1": expected 0 or more`},
		"error/requests of a source": {func(c *Config) { c.MaxRequestsPerSecondPerSource = -1 }, "dht.max_requests_per_second_per_source: "},
		"error/no program":           {func(c *Config) { c.Program = "" }, `dht.program: "": expected the name or path`},
		"error/host":                 {func(c *Config) { c.Listen = "10.0.0.1:4222" }, `dht.listen: "10.0.0.1:4222": expected a port without a host`},
		"error/port alone":           {func(c *Config) { c.Listen = "4222" }, `dht.listen: "4222": expected a port, such as ":4222"`},
		"error/port too high":        {func(c *Config) { c.Listen = ":65536" }, `dht.listen: ":65536": expected a port number`},
		"error/named port":           {func(c *Config) { c.Listen = ":dht" }, `dht.listen: ":dht": expected a port number`},
		"error/off, listen":          {func(c *Config) { c.Enabled, c.Listen = false, "" }, `dht.listen: "": expected a port, such as ":4222"`},
		"error/two bootstrap nodes":  {func(c *Config) { c.Bootstrap = []string{"a:1", "b:2"} }, `dht.bootstrap: "a:1, b:2": expected one node at most`},
		"error/bootstrap, no port":   {func(c *Config) { c.Bootstrap = []string{"box"} }, `dht.bootstrap[0]: "box": expected a host and a port`},
		"error/bootstrap, no host":   {func(c *Config) { c.Bootstrap = []string{":4222"} }, `dht.bootstrap[0]: ":4222": expected a host and a port`},
		"error/bootstrap, port zero": {func(c *Config) { c.Bootstrap = []string{"box:0"} }, `dht.bootstrap[0]: "box:0": expected a host and a port`},
		"error/bootstrap, port name": {func(c *Config) { c.Bootstrap = []string{"box:dht"} }, "dht.bootstrap[0]: "},
		"error/bootstrap, off":       {func(c *Config) { c.Enabled, c.Bootstrap = false, []string{"box"} }, "dht.bootstrap[0]: "},
		"error/bootstrap, space":     {func(c *Config) { c.Bootstrap = []string{"my box:4222"} }, "dht.bootstrap[0]: "},
		"error/bootstrap, option":    {func(c *Config) { c.Bootstrap = []string{"-x:4222"} }, "dht.bootstrap[0]: "},
		"error/bootstrap, digits":    {func(c *Config) { c.Bootstrap = []string{"10.0.0.256:4222"} }, "dht.bootstrap[0]: "},
		"error/bootstrap, not ASCII": {func(c *Config) { c.Bootstrap = []string{"bücher.example:4222"} }, "dht.bootstrap[0]: "},
		"error/bootstrap, two dots":  {func(c *Config) { c.Bootstrap = []string{"box..example:4222"} }, "dht.bootstrap[0]: "},
		"error/bootstrap, label":     {func(c *Config) { c.Bootstrap = []string{strings.Repeat("a", 64) + ":4222"} }, "dht.bootstrap[0]: "},
		"error/bootstrap, name":      {func(c *Config) { c.Bootstrap = []string{strings.Repeat("a.", 127) + ":4222"} }, "dht.bootstrap[0]: "},
		"proxy":                      {func(c *Config) { c.Engine, c.ProxyListen, c.ProxyPush = EngineBuiltin, ":4443", ProxyPushAll }, ""},
		"proxy at one address":       {func(c *Config) { c.Engine, c.ProxyListen = EngineBuiltin, "[fd00::1]:4443" }, ""},
		"error/proxy of dhtnode":     {func(c *Config) { c.ProxyListen = ":4443" }, `dht.proxy_listen: ":4443": expected nothing, because only the engine "builtin" has a proxy`},
		"error/proxy at a name":      {func(c *Config) { c.Engine, c.ProxyListen = EngineBuiltin, "box:4443" }, `dht.proxy_listen: "box:4443": expected an address and a port`},
		"error/proxy, port alone":    {func(c *Config) { c.Engine, c.ProxyListen = EngineBuiltin, "4443" }, "dht.proxy_listen: "},
		"error/proxy, port too high": {func(c *Config) { c.Engine, c.ProxyListen = EngineBuiltin, ":65536" }, "dht.proxy_listen: "},
		"error/push to some":         {func(c *Config) { c.ProxyPush = "some" }, `dht.proxy_push: "some": expected "off" or "all"`},
		"error/push without proxy":   {func(c *Config) { c.ProxyPush = ProxyPushAll }, `dht.proxy_push: "all": expected "off", because there is no proxy`},
		"error/push, DHT off": {func(c *Config) {
			c.Engine, c.Enabled, c.ProxyListen, c.ProxyPush = EngineBuiltin, false, ":4443", ProxyPushAll
		}, "dht.proxy_push: "},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Engine = EngineDhtnode
			c.change(&cfg)
			err := cfg.Validate()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n", "one problem")
		})
	}
}

func TestNewReturnsAllProblems(t *testing.T) {
	_, err := New(Config{Enabled: true, Engine: EngineDhtnode, MaxRequestsPerSecond: -1}, t.TempDir(), slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "dht.max_requests_per_second")
	require.ErrorContains(t, err, "dht.program")
	require.ErrorContains(t, err, "dht.listen")
}
