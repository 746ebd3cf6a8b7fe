// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // empty: valid
	}{
		"ok/default":       {func(*Config) {}, ""},
		"error/data dir":   {func(c *Config) { c.DataDir = "" }, `data_dir: "": expected a folder`},
		"ok/url":           {func(c *Config) { c.Server.PublicURL = "https://box.example:8443" }, ""},
		"ok/url IPv6":      {func(c *Config) { c.Server.PublicURL = "https://[fd00::1]" }, ""},
		"ok/url slash":     {func(c *Config) { c.Server.PublicURL = "https://box/" }, ""},
		"error/url http":   {func(c *Config) { c.Server.PublicURL = "http://box.example" }, `server.public_url: "http://box.example": expected https://, because`},
		"error/url naked":  {func(c *Config) { c.Server.PublicURL = "box.example" }, `server.public_url: "box.example": expected https://host or`},
		"error/url host":   {func(c *Config) { c.Server.PublicURL = "https://:8443" }, "server.public_url: "},
		"error/url query":  {func(c *Config) { c.Server.PublicURL = "https://box?a=b" }, "server.public_url: "},
		"error/url marker": {func(c *Config) { c.Server.PublicURL = "https://box#a" }, "server.public_url: "},
		"error/url user":   {func(c *Config) { c.Server.PublicURL = "https://u@box" }, "server.public_url: "},
		"error/url port":   {func(c *Config) { c.Server.PublicURL = "https://box:99999" }, "server.public_url: "},
		"error/url space":  {func(c *Config) { c.Server.PublicURL = "https://my box" }, "server.public_url: "},
		"error/url digits": {func(c *Config) { c.Server.PublicURL = "https://10.0.0.256" }, "server.public_url: "},
		"ok/http url":      {func(c *Config) { c.Server.PublicHTTPURL = "http://box.example:8080" }, ""},
		"error/http url":   {func(c *Config) { c.Server.PublicHTTPURL = "https://box.example" }, "server.public_http_url: "},

		"ok/listen":           {func(c *Config) { c.Server.Listen = "[fd00::1]:0" }, ""},
		"ok/listen localhost": {func(c *Config) { c.Server.Listen = "localhost:8443" }, ""},
		"error/listen":        {func(c *Config) { c.Server.Listen = "8443" }, `server.listen: "8443": expected an address and a port`},
		"error/listen empty":  {func(c *Config) { c.Server.Listen = "" }, "server.listen: "},
		"error/listen port":   {func(c *Config) { c.Server.Listen = ":https" }, "server.listen: "},
		"error/listen range":  {func(c *Config) { c.Server.Listen = ":65536" }, "server.listen: "},
		"error/listen name":   {func(c *Config) { c.Server.Listen = "box.example:443" }, "server.listen: "},
		"ok/http off":         {func(c *Config) { c.Server.HTTPListen = "" }, ""},
		"error/http listen":   {func(c *Config) { c.Server.HTTPListen = "80" }, "server.http_listen: "},
		"ok/proxies":          {func(c *Config) { c.Server.TrustedProxies = []string{"10.0.0.1", "fd00::/8"} }, ""},
		"error/proxies":       {func(c *Config) { c.Server.TrustedProxies = []string{"10.0.0.1", "10.0.0.0/33"} }, `server.trusted_proxies[1]: "10.0.0.0/33": `},
		"ok/origins":          {func(c *Config) { c.Server.AllowedOrigins = []string{"https://admin.example:8443"} }, ""},
		"error/origin path":   {func(c *Config) { c.Server.AllowedOrigins = []string{"https://a", "https://b/"} }, `server.allowed_origins[1]: "https://b/": `},
		"error/origin any":    {func(c *Config) { c.Server.AllowedOrigins = []string{"*"} }, "server.allowed_origins[0]: "},
		"error/origin case":   {func(c *Config) { c.Server.AllowedOrigins = []string{"https://Admin.example"} }, "server.allowed_origins[0]: "},
		"error/origin plain":  {func(c *Config) { c.Server.AllowedOrigins = []string{"http://admin.example"} }, "server.allowed_origins[0]: "},
		"ok/forward":          {func(c *Config) { c.Server.ForwardNames = "https://names.example" }, ""},
		"error/forward":       {func(c *Config) { c.Server.ForwardNames = "names.example" }, "server.forward_names: "},

		"ok/tls files":    {func(c *Config) { c.TLS.Mode, c.TLS.Certificate = "files", "a.pem" }, ""},
		"error/tls files": {func(c *Config) { c.TLS.Mode = "files" }, "tls.certificate: "},
		"error/tls mode":  {func(c *Config) { c.TLS.Mode = "acme" }, `tls.mode: "acme": expected "internal" or "files"`},
		"ok/tls names":    {func(c *Config) { c.TLS.Names = []string{"box.example.", "10.0.0.1", "fd00::1"} }, ""},
		"error/tls names": {func(c *Config) { c.TLS.Names = []string{"https://box"} }, "tls.names[0]: "},
		"error/tls ascii": {func(c *Config) { c.TLS.Names = []string{"bücher.example"} }, "tls.names[0]: "},

		// The rules of these two are tested in their rooms.
		"error/turn":  {func(c *Config) { c.Turn.Advertise = []string{"10.0.0.1", "box"} }, `turn.advertise[1]: "box": expected an IP address`},
		"ok/turn off": {func(c *Config) { c.Turn.Enabled, c.Turn.Listen = false, nil }, ""},
		"error/dht":   {func(c *Config) { c.DHT.Bootstrap = []string{"a"} }, `dht.bootstrap[0]: "a": expected a host and a port`},
		"ok/dht off":  {func(c *Config) { c.DHT.Enabled, c.DHT.Program = false, "" }, ""},

		"error/log level":  {func(c *Config) { c.Log.Level = "INFO" }, `log.level: "INFO": `},
		"error/log format": {func(c *Config) { c.Log.Format = "xml" }, "log.format: "},

		"ok/metrics":           {func(c *Config) { c.Metrics.Listen = "127.0.0.1:9478" }, ""},
		"error/metrics":        {func(c *Config) { c.Metrics.Listen = "9478" }, `metrics.listen: "9478": expected an address and a port`},
		"error/metrics port":   {func(c *Config) { c.Metrics.Listen = "127.0.0.1:443" }, `metrics.listen: "127.0.0.1:443": expected a port other than that of server.listen`},
		"error/metrics ranged": {func(c *Config) { c.Metrics.Listen = ":50000" }, `turn.ports: "49152-65535": expected a range without port 50000 of metrics.listen`},

		"error/ports http":         {func(c *Config) { c.Server.HTTPListen = "10.0.0.1:443" }, `server.http_listen: "10.0.0.1:443": expected a port other than that of server.listen, which is ":443"`},
		"ok/ports two hosts":       {func(c *Config) { c.Server.Listen, c.Server.HTTPListen = "10.0.0.1:443", "10.0.0.2:443" }, ""},
		"ok/ports two families":    {func(c *Config) { c.Turn.Listen = []string{"0.0.0.0:3478", "[::]:3478"} }, ""},
		"ok/ports udp and tcp":     {func(c *Config) { c.DHT.Listen = ":443" }, ""},
		"error/ports turn tcp":     {func(c *Config) { c.Turn.Listen = []string{"0.0.0.0:80"} }, "turn.listen[0]: "},
		"error/ports turn tls":     {func(c *Config) { c.Turn.TLSListen = []string{":443"} }, `turn.tls_listen[0]: ":443": expected a port other than that of server.listen`},
		"error/ports turn dht":     {func(c *Config) { c.Turn.Listen = []string{"10.0.0.1:4222"} }, "dht.listen: "},
		"ok/ports dht off":         {func(c *Config) { c.DHT.Enabled = false; c.Turn.Listen = []string{":4222"} }, ""},
		"error/ports turn twice":   {func(c *Config) { c.Turn.Listen = []string{":3478", ":3478"} }, "turn.listen[1]: "},
		"ok/ports chosen later":    {func(c *Config) { c.Server.Listen, c.Server.HTTPListen = ":0", ":0" }, ""},
		"error/ports in the range": {func(c *Config) { c.Turn.Listen = []string{":50000"} }, `turn.listen[0]: ":50000": expected a port outside turn.ports 49152-65535`},
		"error/ports dht proxy":    {func(c *Config) { c.DHT.ProxyListen = ":443" }, `dht.proxy_listen: ":443": expected a port other than that of server.listen`},
		"error/ports dht in range": {func(c *Config) { c.Turn.Ports = "4000-5000" }, `turn.ports: "4000-5000": expected a range without port 4222 of dht.listen`},
		"ok/ports turn off":        {func(c *Config) { c.Turn.Enabled, c.Turn.Ports = false, "4000-5000" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Default()
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

func TestValidateGathersAll(t *testing.T) {
	err := Config{}.Validate()
	require.Error(t, err)
	var keys []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		key, _, _ := strings.Cut(line, ":")
		keys = append(keys, key)
	}
	require.Equal(t, []string{"data_dir", "server.listen", "tls.mode", "turn.ports", "turn.realm",
		"turn.max_allocations", "turn.max_allocations_per_device", "turn.max_allocations_per_source",
		"turn.max_connections_per_device", "turn.max_silent_streams_per_source",
		"dht.engine", "dht.listen", "dht.proxy_push", "log.level", "log.format"}, keys)
}
