// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // empty: valid
	}{
		"default": {func(*Config) {}, ""},
		"off":     {func(c *Config) { c.Enabled, c.Listen = false, nil }, ""},

		"listen":                {func(c *Config) { c.Listen = []string{"10.0.0.1:3478", "[fd00::1]:0", "[::]:3478"} }, ""},
		"listen at localhost":   {func(c *Config) { c.Listen = []string{"localhost:3478"} }, ""},
		"listen in range, off":  {func(c *Config) { c.Enabled, c.Listen = false, []string{":50000"} }, ""},
		"error/no listen":       {func(c *Config) { c.Listen = nil }, `turn.listen: "": expected at least one address`},
		"error/listen":          {func(c *Config) { c.Listen = []string{":3478", "3479"} }, `turn.listen[1]: "3479": expected an IP address and a port`},
		"error/listen empty":    {func(c *Config) { c.Listen = []string{""} }, `turn.listen[0]: "": expected an IP address and a port`},
		"error/listen port":     {func(c *Config) { c.Listen = []string{":turn"} }, "turn.listen[0]: "},
		"error/listen too high": {func(c *Config) { c.Listen = []string{":65536"} }, "turn.listen[0]: "},
		"error/listen name":     {func(c *Config) { c.Listen = []string{"box.example:3478"} }, "turn.listen[0]: "},
		"error/listen off":      {func(c *Config) { c.Enabled, c.Listen = false, []string{"3478"} }, "turn.listen[0]: "},
		"error/listen in range": {func(c *Config) { c.Listen = []string{":3478", ":50000"} },
			`turn.listen[1]: ":50000": expected a port outside turn.ports 49152-65535`},

		"advertise":                  {func(c *Config) { c.Advertise = []string{"10.0.0.1", "fd00::1", "127.0.0.1"} }, ""},
		"error/advertise name":       {func(c *Config) { c.Advertise = []string{"box"} }, `turn.advertise[0]: "box": expected an IP address that clients can reach`},
		"error/advertise second":     {func(c *Config) { c.Advertise = []string{"10.0.0.1", "10.0.0"} }, `turn.advertise[1]: "10.0.0": `},
		"error/advertise any":        {func(c *Config) { c.Advertise = []string{"0.0.0.0"} }, "turn.advertise[0]: "},
		"error/advertise any mapped": {func(c *Config) { c.Advertise = []string{"::ffff:0.0.0.0"} }, "turn.advertise[0]: "},
		"error/advertise zone":       {func(c *Config) { c.Advertise = []string{"fe80::1%eth0"} }, "turn.advertise[0]: "},
		"error/advertise group":      {func(c *Config) { c.Advertise = []string{"224.0.0.1"} }, "turn.advertise[0]: "},

		"ports":                {func(c *Config) { c.Ports = "20000-20009" }, ""},
		"ports spaced":         {func(c *Config) { c.Ports = " 1024 - 1033 " }, ""},
		"error/ports few":      {func(c *Config) { c.Ports = "20000-20008" }, `turn.ports: "20000-20008": expected a range such as "49152-65535", within 1024-65535 and of 10 ports at least`},
		"error/ports few, off": {func(c *Config) { c.Enabled, c.Ports = false, "20000-20008" }, "turn.ports: "},
		"error/ports low":      {func(c *Config) { c.Ports = "1000-2000" }, "turn.ports: "},
		"error/ports reversed": {func(c *Config) { c.Ports = "3000-2000" }, "turn.ports: "},
		"error/ports high":     {func(c *Config) { c.Ports = "60000-70000" }, "turn.ports: "},
		"error/ports one":      {func(c *Config) { c.Ports = "60000" }, "turn.ports: "},

		"tls listen":             {func(c *Config) { c.TLSListen = []string{":5349"} }, ""},
		"error/tls listen":       {func(c *Config) { c.TLSListen = []string{"5349"} }, `turn.tls_listen[0]: "5349": expected an IP address and a port`},
		"advertise behind a NAT": {func(c *Config) { c.Advertise = []string{"203.0.113.5/192.168.1.10"} }, ""},
		"error/advertise local":  {func(c *Config) { c.Advertise = []string{"203.0.113.5/24"} }, "turn.advertise[0]: "},

		"peers": {func(c *Config) {
			c.AllowPeers, c.DenyPeers = []string{"10.9.1.0/24"}, []string{"10.9.0.0/16", "fd00::/8"}
		}, ""},
		"error/allow peers":   {func(c *Config) { c.AllowPeers = []string{"10.9.1.1"} }, `turn.allow_peers[0]: "10.9.1.1": expected a network`},
		"error/deny peers":    {func(c *Config) { c.DenyPeers = []string{"10.0.0.0/8", "10.9.1.1/16"} }, `turn.deny_peers[1]: "10.9.1.1/16": expected a network`},
		"error/first session": {func(c *Config) { c.FirstSessionNetworks = []string{"everywhere"} }, "turn.first_session_networks[0]: "},

		"no speed limit":     {func(c *Config) { c.MaxBytesPerSecondPerDevice = 0 }, ""},
		"error/speed":        {func(c *Config) { c.MaxBytesPerSecondPerDevice = -1 }, `turn.max_bytes_per_second_per_device: "-1": expected 0 or more`},
		"error/allocations":  {func(c *Config) { c.MaxAllocations = 0 }, `turn.max_allocations: "0": expected 1 or more`},
		"error/per device":   {func(c *Config) { c.MaxAllocationsPerDevice = 0 }, "turn.max_allocations_per_device: "},
		"error/per source":   {func(c *Config) { c.MaxAllocationsPerSource = 0 }, "turn.max_allocations_per_source: "},
		"error/connections":  {func(c *Config) { c.MaxConnectionsPerDevice = 0 }, "turn.max_connections_per_device: "},
		"error/silent peers": {func(c *Config) { c.MaxSilentStreamsPerSource = 0 }, "turn.max_silent_streams_per_source: "},

		"realm long":            {func(c *Config) { c.Realm = strings.Repeat("a", 127) }, ""},
		"error/realm":           {func(c *Config) { c.Realm = "" }, `turn.realm: "": expected 1 to 127 bytes`},
		"error/realm quote":     {func(c *Config) { c.Realm = `a"b` }, "turn.realm: "},
		"error/realm backslash": {func(c *Config) { c.Realm = `a\b` }, "turn.realm: "},
		"error/realm line end":  {func(c *Config) { c.Realm = "a\nb" }, "turn.realm: "},
		"error/realm too long":  {func(c *Config) { c.Realm = strings.Repeat("a", 128) }, "turn.realm: "},
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
			require.NotContains(t, err.Error(), "\n", "one problem")
		})
	}
}

func TestConfigValidateGathersAll(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Ports, cfg.Listen, cfg.Advertise, cfg.Realm = "", nil, []string{"a", "b"}, ""
	err := cfg.Validate()
	for _, key := range []string{"turn.ports", "turn.listen", "turn.advertise[0]", "turn.advertise[1]", "turn.realm"} {
		require.ErrorContains(t, err, key+`: "`)
	}
	require.Equal(t, 4, strings.Count(err.Error(), "\n"), err)
}

// TestParseForServing pins what is asked of a relay that is to run, and what of
// the admin alone.
func TestParseForServing(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Ports = "61320-61320"
	_, err := cfg.parse()
	require.NoError(t, err)

	cfg = DefaultConfig()
	cfg.Enabled, cfg.Listen = false, nil
	require.NoError(t, cfg.Validate())
	_, err = cfg.parse()
	require.ErrorContains(t, err, "turn.listen: ")
}

func TestRelaysAt(t *testing.T) {
	for name, c := range map[string]struct {
		ports string
		port  uint16
		want  bool
	}{
		"first":       {"4000-5000", 4000, true},
		"last":        {"4000-5000", 5000, true},
		"below":       {"4000-5000", 3999, false},
		"above":       {"4000-5000", 5001, false},
		"not a range": {"4000", 4000, false},
		"port zero":   {"", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, Config{Ports: c.ports}.RelaysAt(c.port))
		})
	}
}
