// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

const (
	firstPort   = 1024 // those below need privileges
	fewestPorts = 10
	maxRealm    = 127 // RFC 8489, section 14.9: fewer than 128 characters
)

// settings is a Config whose texts have been understood.
type settings struct {
	listen    []string
	advertise []netip.Addr
	ports     portRange
}

// Validate returns all problems of the settings joined, one line each with the
// key, the value and what was expected, or nil. While the service is switched
// off, Listen may be empty and may lie within Ports. It opens nothing.
func (c Config) Validate() error {
	_, err := c.understand(fewestPorts)
	return err
}

// RelaysAt reports whether port is one of Ports, at which no other service can
// listen. It is false for all ports where Ports is not a range.
func (c Config) RelaysAt(port uint16) bool {
	ports, err := parsePortRange(c.Ports)
	return err == nil && ports.contains(port)
}

// parse returns the settings to serve with, whether or not they are switched
// on. How many ports are enough is a question to the admin, which Validate
// asks; the relay works with one.
func (c Config) parse() (settings, error) {
	c.Enabled = true
	return c.understand(1)
}

func (c Config) understand(fewest int) (settings, error) {
	var problems []error
	problem := func(key, value, expected string) {
		problems = append(problems, fmt.Errorf("turn.%s: %q: expected %s", key, value, expected))
	}
	s := settings{listen: c.Listen}

	ports, err := parsePortRange(c.Ports)
	if err != nil || ports.first < firstPort || ports.size() < fewest {
		problem("ports", c.Ports, fmt.Sprintf(`a range such as "49152-65535", within %d-65535 and of %d ports at least`,
			firstPort, fewestPorts))
	}
	s.ports = ports

	if c.Enabled && len(c.Listen) == 0 {
		problem("listen", "", `at least one address, such as [":3478"]`)
	}
	for i, text := range c.Listen {
		key := fmt.Sprintf("listen[%d]", i)
		port, ok := listenPort(text)
		switch {
		case !ok:
			problem(key, text, `an IP address and a port, such as ":3478" or "10.0.0.1:3478"`)
		case c.Enabled && port != 0 && ports.contains(port):
			problem(key, text, "a port outside turn.ports "+ports.String())
		}
	}

	for i, text := range c.Advertise {
		addr, err := netip.ParseAddr(text)
		zone := addr.Zone()
		addr = addr.Unmap()
		if err != nil || zone != "" || addr.IsUnspecified() || addr.IsMulticast() {
			problem(fmt.Sprintf("advertise[%d]", i), text, "an IP address that clients can reach")
			continue
		}
		s.advertise = append(s.advertise, addr)
	}

	if c.Realm == "" || len(c.Realm) > maxRealm || strings.ContainsAny(c.Realm, "\"\\\r\n") {
		problem("realm", c.Realm, fmt.Sprintf("1 to %d bytes without quotes, backslashes and line ends", maxRealm))
	}
	return s, errors.Join(problems...)
}

// listenPort returns the port of an address to listen at; 0 asks for any free
// one. The host is empty, "localhost" or an IP address: a name would tie the
// start to a name server.
func listenPort(text string) (uint16, bool) {
	host, service, err := net.SplitHostPort(text)
	if err != nil {
		return 0, false
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && host != "localhost" {
		return 0, false
	}
	port, err := strconv.ParseUint(service, 10, 16)
	return uint16(port), err == nil
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
