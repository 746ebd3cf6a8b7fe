// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"jamibox/turn/port"
)

const (
	firstPort   = 1024 // those below need privileges
	fewestPorts = 10
	maxRealm    = 127 // RFC 8489, section 14.9: fewer than 128 characters
)

// settings is a Config whose texts have been understood.
type settings struct {
	Config
	advertise    []Advertised
	ports        port.Range
	allow, deny  []netip.Prefix
	firstSession []netip.Prefix
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
func (c Config) RelaysAt(number uint16) bool {
	ports, err := port.ParseRange(c.Ports)
	return err == nil && ports.Contains(number)
}

// parse returns the settings to serve with, whether or not they are switched
// on. How many ports are enough is a question to the admin, which Validate
// asks; the relay works with one.
func (c Config) parse() (settings, error) {
	c.Enabled = true
	return c.understand(1)
}

// problems collects what is wrong with the settings.
type problems []error

func (p *problems) add(key, value, expected string) {
	*p = append(*p, fmt.Errorf("turn.%s: %q: expected %s", key, value, expected))
}

func (c Config) understand(fewest int) (settings, error) {
	var p problems
	s := settings{Config: c}

	ports, err := port.ParseRange(c.Ports)
	if err != nil || ports.First() < firstPort || ports.Size() < fewest {
		p.add("ports", c.Ports, fmt.Sprintf(`a range such as "49152-65535", within %d-65535 and of %d ports at least`,
			firstPort, fewestPorts))
	}
	s.ports = ports

	if c.Enabled && len(c.Listen) == 0 {
		p.add("listen", "", `at least one address, such as [":3478"]`)
	}
	p.listen("listen", c.Listen, c.Enabled, ports)
	p.listen("tls_listen", c.TLSListen, c.Enabled, ports)

	for i, text := range c.Advertise {
		addr, err := ParseAdvertised(text)
		if err != nil {
			p.add(fmt.Sprintf("advertise[%d]", i), text, err.Error())
			continue
		}
		s.advertise = append(s.advertise, addr)
	}
	if c.Realm == "" || len(c.Realm) > maxRealm || strings.ContainsAny(c.Realm, "\"\\\r\n") {
		p.add("realm", c.Realm, fmt.Sprintf("1 to %d bytes without quotes, backslashes and line ends", maxRealm))
	}
	s.allow = p.networks("allow_peers", c.AllowPeers)
	s.deny = p.networks("deny_peers", c.DenyPeers)
	s.firstSession = p.networks("first_session_networks", c.FirstSessionNetworks)

	p.limit("max_allocations", c.MaxAllocations, 1)
	p.limit("max_allocations_per_device", c.MaxAllocationsPerDevice, 1)
	p.limit("max_allocations_per_source", c.MaxAllocationsPerSource, 1)
	p.limit("max_connections_per_device", c.MaxConnectionsPerDevice, 1)
	p.limit("max_silent_streams_per_source", c.MaxSilentStreamsPerSource, 1)
	p.limit("max_bytes_per_second_per_device", c.MaxBytesPerSecondPerDevice, 0)
	return s, errors.Join(p...)
}

func (p *problems) listen(key string, addresses []string, enabled bool, ports port.Range) {
	for i, text := range addresses {
		key := fmt.Sprintf("%s[%d]", key, i)
		number, ok := listenPort(text)
		switch {
		case !ok:
			p.add(key, text, `an IP address and a port, such as ":3478" or "10.0.0.1:3478"`)
		case enabled && number != 0 && ports.Contains(number):
			p.add(key, text, "a port outside turn.ports "+ports.String())
		}
	}
}

func (p *problems) networks(key string, texts []string) []netip.Prefix {
	var networks []netip.Prefix
	for i, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil || network != network.Masked() {
			p.add(fmt.Sprintf("%s[%d]", key, i), text, `a network such as "10.9.0.0/16", without bits behind its length`)
			continue
		}
		networks = append(networks, network)
	}
	return networks
}

func (p *problems) limit(key string, value, least int) {
	if value < least {
		p.add(key, strconv.Itoa(value), fmt.Sprintf("%d or more", least))
	}
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
	number, err := strconv.ParseUint(service, 10, 16)
	return uint16(number), err == nil
}
