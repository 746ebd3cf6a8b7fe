// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"fmt"
	"net"
	"strings"

	"jamibox/dht"
)

func (p *problems) dht(c dht.Config) {
	if c.Engine != "dhtnode" {
		p.add("dht.engine", c.Engine, `"dhtnode"`)
	}
	if c.Enabled && c.Program == "" {
		p.add("dht.program", c.Program, "the path or name of the dhtnode program")
	}
	if host, _, ok := splitListen(c.Listen); !ok || host != "" {
		p.add("dht.listen", c.Listen, `a port without a host, such as ":4222", because dhtnode always listens on all addresses`)
	}
	if len(c.Bootstrap) > 1 {
		p.add("dht.bootstrap", strings.Join(c.Bootstrap, ", "), "one node at most, because dhtnode takes no more")
	}
	for i, node := range c.Bootstrap {
		host, service, err := net.SplitHostPort(node)
		if port, ok := parsePort(service); err != nil || !ok || port == 0 || !isHost(host) {
			p.add(fmt.Sprintf("dht.bootstrap[%d]", i), node, `a host and a port, such as "10.0.0.2:4222"`)
		}
	}
}
