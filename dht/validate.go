// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// Validate returns all problems of the settings joined, each with the key, the
// value and what was expected, or nil.
func (c Config) Validate() error {
	var problems []error
	problem := func(key, value, expected string) {
		problems = append(problems, fmt.Errorf("dht.%s: %q: %s", key, value, expected))
	}
	if c.Engine != EngineDhtnode {
		problem("engine", c.Engine, `expected "dhtnode"`)
	}
	if c.Program == "" {
		problem("program", c.Program, `expected the name or path of the node program, such as "dhtnode"`)
	}
	if _, err := c.port(); err != nil {
		problem("listen", c.Listen, err.Error())
	}
	if len(c.Bootstrap) > 1 {
		problem("bootstrap", fmt.Sprint(c.Bootstrap), "expected one address at most: dhtnode takes no more")
	}
	for _, node := range c.Bootstrap {
		host, port, err := net.SplitHostPort(node)
		if err != nil || host == "" {
			problem("bootstrap", node, `expected "host:port"`)
			continue
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			problem("bootstrap", node, "expected a port number from 1 to 65535")
		}
	}
	return errors.Join(problems...)
}

// port returns the UDP port of Listen; 0 asks for any free one.
func (c Config) port() (uint16, error) {
	host, text, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return 0, errors.New(`expected a port, such as ":4222"`)
	}
	if host != "" {
		return 0, errors.New(`expected a port without a host, such as ":4222": dhtnode always serves all addresses`)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, errors.New("expected a port number from 0 to 65535")
	}
	return uint16(port), nil
}
