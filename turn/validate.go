// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// maxRealm is the length that RFC 8489, section 14.9, allows a realm.
const maxRealm = 127

// settings is a Config whose texts have been understood.
type settings struct {
	listen    []string
	advertise []netip.Addr
	ports     portRange
}

// Validate returns all problems of the settings joined, each with the key,
// the value and what was expected, or nil.
func (c Config) Validate() error {
	_, err := c.parse()
	return err
}

func (c Config) parse() (settings, error) {
	var problems []error
	problem := func(key, value, expected string) {
		problems = append(problems, fmt.Errorf("turn.%s: %q: %s", key, value, expected))
	}
	s := settings{listen: c.Listen}

	ports, err := parsePortRange(c.Ports)
	if err != nil {
		problem("ports", c.Ports, err.Error())
	}
	s.ports = ports

	if len(c.Listen) == 0 {
		problem("listen", "", `expected at least one address, such as ":3478"`)
	}
	for _, listen := range c.Listen {
		_, text, err := net.SplitHostPort(listen)
		if err != nil {
			problem("listen", listen, `expected "host:port" or ":port"`)
			continue
		}
		port, err := strconv.ParseUint(text, 10, 16)
		switch {
		case err != nil:
			problem("listen", listen, "expected a port number from 0 to 65535")
		case port != 0 && s.ports.contains(uint16(port)):
			problem("listen", listen, "the port must lie outside turn.ports "+s.ports.String())
		}
	}

	for _, text := range c.Advertise {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.IsUnspecified() || addr.IsMulticast() {
			problem("advertise", text, "expected the IP address of this box")
			continue
		}
		s.advertise = append(s.advertise, addr.Unmap())
	}

	if c.Realm == "" || len(c.Realm) > maxRealm {
		problem("realm", c.Realm, fmt.Sprintf("expected 1 to %d bytes", maxRealm))
	}
	return s, errors.Join(problems...)
}

// relayIPv4 returns the advertised address that relayed addresses carry. The
// relay cores that pion/turn v3 opens are IPv4 only.
func (s settings) relayIPv4() (netip.Addr, error) {
	for _, addr := range s.advertise {
		if addr.Is4() {
			return addr, nil
		}
	}
	return netip.Addr{}, ErrNoIPv4
}
