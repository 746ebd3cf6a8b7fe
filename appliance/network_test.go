// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/config"
	"jamibox/dht"
	"jamibox/enroll/organization"
)

func TestNetwork(t *testing.T) {
	for _, test := range []struct {
		name      string
		change    func(*config.Config, *organization.Organization)
		bootstrap []string
		relay     string
	}{
		{
			"set-up addresses", func(_ *config.Config, o *organization.Organization) { o.Advertise = []string{"fd00::1", "10.0.0.1"} },
			[]string{"[fd00::1]:4222", "10.0.0.1:4222"}, "10.0.0.1",
		},
		{
			"configured addresses go first", func(c *config.Config, o *organization.Organization) {
				c.Turn.Advertise, o.Advertise = []string{"10.0.0.2"}, []string{"10.0.0.1"}
			},
			[]string{"10.0.0.2:4222"}, "10.0.0.2",
		},
		{
			"other ports", func(c *config.Config, o *organization.Organization) {
				o.Advertise = []string{"10.0.0.1"}
				c.DHT.Listen, c.Turn.Listen = ":5222", []string{"10.0.0.1:5478"}
			},
			[]string{"10.0.0.1:5222"}, "10.0.0.1:5478",
		},
		{
			"host of the public URL", func(_ *config.Config, o *organization.Organization) { o.PublicURL = "https://box.example:8443" },
			[]string{"box.example:4222"}, "box.example",
		},
		{
			"other DHT nodes", func(c *config.Config, o *organization.Organization) {
				o.Advertise = []string{"10.0.0.1"}
				c.DHT.Enabled, c.DHT.Bootstrap = false, []string{"10.0.0.9:4222"}
			},
			[]string{"10.0.0.9:4222"}, "10.0.0.1",
		},
		{
			"no DHT at all: never empty", func(c *config.Config, o *organization.Organization) {
				o.Advertise = []string{"10.0.0.1"}
				c.DHT.Enabled, c.Turn.Enabled = false, false
			},
			[]string{"10.0.0.1:4222"}, "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := config.Default()
			org := &organization.Organization{Relay: organization.RelaySecrets{Names: make([]byte, 32), Current: make([]byte, 32)}}
			test.change(&cfg, org)
			holder := organization.NewHolder()
			holder.Set(org)
			n := network{cfg: cfg, org: holder, relay: newRelay(cfg.Turn, holder, slog.New(slog.DiscardHandler))}
			require.Equal(t, test.bootstrap, n.Bootstrap())
			relay, ok := n.Relay("device")
			require.Equal(t, test.relay != "", ok)
			require.Equal(t, test.relay, relay.Server)
			if ok {
				require.NotEmpty(t, relay.Password)
			}
		})
	}
}

func TestProxyURL(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Config, *organization.Organization)
		url    string
		use    bool
	}{
		"off": {func(*config.Config, *organization.Organization) {}, "", false},
		"on":  {func(c *config.Config, _ *organization.Organization) { c.DHT.ProxyListen = ":4443" }, "https://box.example:4443", false},
		"for all": {func(c *config.Config, _ *organization.Organization) {
			c.DHT.ProxyListen, c.DHT.ProxyPush = "10.0.0.1:443", dht.ProxyPushAll
		}, "https://box.example:443", true},
		"at an IPv4 address": {func(c *config.Config, o *organization.Organization) {
			c.DHT.ProxyListen, o.PublicURL = ":4443", "https://10.0.0.1:8443"
		}, "https://10.0.0.1:4443", false},
		"at an IPv6 address, with an IPv4 one": {func(c *config.Config, o *organization.Organization) {
			c.DHT.ProxyListen, o.PublicURL, o.Advertise = ":4443", "https://[fd00::1]:8443", []string{"fd00::1", "10.0.0.1"}
		}, "https://10.0.0.1:4443", false},
		"at an IPv6 address alone": {func(c *config.Config, o *organization.Organization) {
			c.DHT.ProxyListen, o.PublicURL, o.Advertise = ":4443", "https://[fd00::1]:8443", []string{"fd00::1"}
		}, "", false},
		"DHT off": {func(c *config.Config, _ *organization.Organization) {
			c.DHT.Enabled, c.DHT.ProxyListen = false, ":4443"
		}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, org := config.Default(), new(organization.Organization)
			org.PublicURL = "https://box.example:8443"
			c.change(&cfg, org)
			holder := organization.NewHolder()
			holder.Set(org)
			url, use := network{cfg: cfg, org: holder}.Proxy()
			require.Equal(t, c.url, url)
			require.Equal(t, c.use, use)
		})
	}
}
