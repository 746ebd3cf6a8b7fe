// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Validate returns all that is wrong with c, one line each: the key, its value,
// and what was expected. Rooms that know the rules of their section are asked;
// the rest is checked here. It opens nothing: whether a file or port can be had
// shows at the start.
func (c Config) Validate() error {
	var p problems
	if c.DataDir == "" {
		p.add("data_dir", c.DataDir, "a folder")
	}
	p.server(c.Server)
	p.tls(c.TLS)
	p.errs = append(p.errs, c.Turn.Validate(), c.DHT.Validate())
	p.log(c.Log)
	if c.Metrics.Listen != "" {
		p.listen("metrics.listen", c.Metrics.Listen)
	}
	p.ports(c)
	return errors.Join(p.errs...)
}

// problems gathers what is wrong.
type problems struct{ errs []error }

// add records that key holds value where something else was expected.
func (p *problems) add(key, value, expected string) {
	p.errs = append(p.errs, fmt.Errorf("%s: %q: expected %s", key, value, expected))
}

// listen checks an address to listen at.
func (p *problems) listen(key, value string) {
	if _, _, ok := splitListen(value); !ok {
		p.add(key, value, `an address and a port, such as ":8443" or "10.0.0.1:8443"`)
	}
}

// splitListen takes "host:port" apart. The host is empty, "localhost" or an IP
// address: a name would tie the start to a name server.
func splitListen(value string) (host string, port uint16, ok bool) {
	host, service, err := net.SplitHostPort(value)
	if err != nil {
		return "", 0, false
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && host != "localhost" {
		return "", 0, false
	}
	port, ok = parsePort(service)
	return host, port, ok
}

func parsePort(text string) (uint16, bool) {
	port, err := strconv.ParseUint(text, 10, 16)
	return uint16(port), err == nil
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
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	// All digits and dots is an IP address that was mistyped.
	return strings.Trim(text, "0123456789.") != ""
}
