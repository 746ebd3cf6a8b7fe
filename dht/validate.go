// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Validate returns all problems of the settings joined, one line each with the
// key, the value and what was expected, or nil. While the service is switched
// off, Program may be empty; Bootstrap is checked even then, because clients are
// told of it. It opens nothing.
func (c Config) Validate() error {
	var problems []error
	if c.Engine != EngineBuiltin && c.Engine != EngineDhtnode {
		problems = append(problems, problem("engine", c.Engine, `"builtin" or "dhtnode"`))
	}
	if c.Enabled && c.Engine == EngineDhtnode && c.Program == "" {
		problems = append(problems, problem("program", c.Program, `the name or path of the node program, such as "dhtnode"`))
	}
	if _, err := c.listen(); err != nil {
		problems = append(problems, err)
	}
	if c.Engine == EngineDhtnode && len(c.Bootstrap) > 1 {
		problems = append(problems, problem("bootstrap", strings.Join(c.Bootstrap, ", "),
			"one node at most, because dhtnode takes no more"))
	}
	for key, limit := range map[string]int{
		"max_requests_per_second": c.MaxRequestsPerSecond, "max_requests_per_second_per_source": c.MaxRequestsPerSecondPerSource,
	} {
		if limit < 0 {
			problems = append(problems, problem(key, strconv.Itoa(limit), "0 or more"))
		}
	}
	for i, node := range c.Bootstrap {
		if !isNode(node) {
			problems = append(problems, problem(fmt.Sprintf("bootstrap[%d]", i), node,
				`a host and a port, such as "10.0.0.2:4222"`))
		}
	}
	return errors.Join(append(problems, c.validateProxy())...)
}

func (c Config) validateProxy() error {
	var problems []error
	if c.ProxyListen != "" {
		host, service, err := net.SplitHostPort(c.ProxyListen)
		_, portErr := strconv.ParseUint(service, 10, 16)
		if _, addrErr := netip.ParseAddr(host); err != nil || portErr != nil || host != "" && host != "localhost" && addrErr != nil {
			problems = append(problems, problem("proxy_listen", c.ProxyListen, `an address and a port, such as ":4443" or "10.0.0.1:4443"`))
		}
		if c.Engine == EngineDhtnode {
			problems = append(problems, problem("proxy_listen", c.ProxyListen, `nothing, because only the engine "builtin" has a proxy`))
		}
	}
	switch {
	case c.ProxyPush != ProxyPushOff && c.ProxyPush != ProxyPushAll:
		problems = append(problems, problem("proxy_push", c.ProxyPush, `"off" or "all"`))
	case c.ProxyPush == ProxyPushAll && !c.HasProxy():
		problems = append(problems, problem("proxy_push", c.ProxyPush, `"off", because there is no proxy: set proxy_listen, and enabled = true`))
	}
	return errors.Join(problems...)
}

func problem(key, value, expected string) error {
	return fmt.Errorf("dht.%s: %q: expected %s", key, value, expected)
}

// listen returns the UDP address of the node, which is not valid but for its
// port where that is the wildcard address; port 0 asks for any free one.
func (c Config) listen() (netip.AddrPort, error) {
	host, text, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return netip.AddrPort{}, problem("listen", c.Listen, `a port, such as ":4222"`)
	}
	if host != "" && c.Engine != EngineBuiltin {
		return netip.AddrPort{}, problem("listen", c.Listen,
			`a port without a host, such as ":4222", because dhtnode always listens on all addresses`)
	}
	var addr netip.Addr
	if host != "" {
		addr, err = netip.ParseAddr(host)
		if err != nil || addr.IsMulticast() {
			return netip.AddrPort{}, problem("listen", c.Listen, `an IP address before the port, or none, such as ":4222"`)
		}
		addr = addr.Unmap()
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return netip.AddrPort{}, problem("listen", c.Listen, "a port number from 0 to 65535")
	}
	return netip.AddrPortFrom(addr, uint16(port)), nil
}

// isNode reports whether text is the "host:port" of a node.
func isNode(text string) bool {
	host, service, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	port, err := strconv.ParseUint(service, 10, 16)
	return err == nil && port != 0 && isHost(host)
}

// isHost reports whether text is an IP address or a DNS name in ASCII.
func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	if len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(text, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label ||
			strings.ContainsFunc(label, func(r rune) bool { return !isNameRune(r) }) {
			return false
		}
	}
	// All digits and dots is an IP address that was mistyped.
	return strings.Trim(text, "0123456789.") != ""
}

func isNameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}
