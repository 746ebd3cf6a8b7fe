// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// endpoint is one port that a service will bind.
type endpoint struct {
	key, network, value string
	host                string
	port                uint16
}

// ports checks that the services do not get in each other's way. Addresses that
// do not parse are left out: they are reported already.
func (p *problems) ports(c Config) {
	all := endpoints(c)
	reported := "" // a relay address stands for both UDP and TCP
	for i, e := range all {
		for _, other := range all[:i] {
			if e.clashes(other) && e.key != reported {
				p.add(e.key, e.value, fmt.Sprintf("a port other than that of %s, which is %q", other.key, other.value))
				reported = e.key
			}
		}
	}
	if !c.Turn.Enabled {
		return
	}
	for _, e := range all {
		// The relay compares its own addresses with its range itself.
		if !strings.HasPrefix(e.key, "turn.") && c.Turn.RelaysAt(e.port) {
			p.add("turn.ports", c.Turn.Ports, fmt.Sprintf("a range without port %d of %s", e.port, e.key))
		}
	}
}

func endpoints(c Config) []endpoint {
	var all []endpoint
	add := func(key, value string, networks ...string) {
		host, port, ok := splitListen(value)
		if !ok || port == 0 {
			return
		}
		for _, network := range networks {
			all = append(all, endpoint{key, network, value, host, port})
		}
	}
	add("server.listen", c.Server.Listen, "tcp")
	add("server.http_listen", c.Server.HTTPListen, "tcp")
	if c.Turn.Enabled {
		for i, addr := range c.Turn.Listen {
			add(fmt.Sprintf("turn.listen[%d]", i), addr, "udp", "tcp")
		}
		for i, addr := range c.Turn.TLSListen {
			add(fmt.Sprintf("turn.tls_listen[%d]", i), addr, "tcp")
		}
	}
	if c.DHT.Enabled {
		add("dht.listen", c.DHT.Listen, "udp")
	}
	if c.DHT.HasProxy() {
		add("dht.proxy_listen", c.DHT.ProxyListen, "tcp")
	}
	add("metrics.listen", c.Metrics.Listen, "tcp")
	return all
}

func (e endpoint) clashes(other endpoint) bool {
	return e.key != other.key && e.network == other.network && e.port == other.port &&
		(e.host == other.host || covers(e.host, other.host) || covers(other.host, e.host))
}

// covers reports whether wildcard is the unspecified address of host's family,
// or of both families. Whether one of IPv4 and one of IPv6 get along depends on
// the system and shows at the start.
func covers(wildcard, host string) bool {
	if wildcard == "" {
		return true
	}
	w, errW := netip.ParseAddr(wildcard)
	h, errH := netip.ParseAddr(host)
	return errW == nil && errH == nil && w.IsUnspecified() && w.Is4() == h.Is4()
}
