// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"fmt"
	"net/netip"
	"strings"

	"jamibox/turn"
)

const (
	firstRelayPort  = 1024 // those below need privileges
	fewestRelayPort = 10
	realmBytes      = 127 // RFC 8489, section 14.9: fewer than 128 characters
)

func (p *problems) turn(c turn.Config) {
	if c.Enabled && len(c.Listen) == 0 {
		p.add("turn.listen", "", `at least one address, such as [":3478"]`)
	}
	for i, addr := range c.Listen {
		p.listen(fmt.Sprintf("turn.listen[%d]", i), addr)
	}
	for i, text := range c.Advertise {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.IsUnspecified() || addr.IsMulticast() || addr.Zone() != "" {
			p.add(fmt.Sprintf("turn.advertise[%d]", i), text, "an IP address that clients can reach")
		}
	}
	first, last, ok := splitRange(c.Ports)
	if !ok || first < firstRelayPort || last-first+1 < fewestRelayPort {
		p.add("turn.ports", c.Ports, fmt.Sprintf(`a range such as "49152-65535", within %d-65535 and of %d ports at least`,
			firstRelayPort, fewestRelayPort))
	}
	if c.Realm == "" || len(c.Realm) > realmBytes || strings.ContainsAny(c.Realm, "\"\\\r\n") {
		p.add("turn.realm", c.Realm, fmt.Sprintf("1 to %d bytes without quotes and backslashes", realmBytes))
	}
}

// splitRange takes "first-last" apart.
func splitRange(text string) (first, last int, ok bool) {
	a, b, found := strings.Cut(text, "-")
	first, okFirst := parsePort(strings.TrimSpace(a))
	last, okLast := parsePort(strings.TrimSpace(b))
	return first, last, found && okFirst && okLast
}
