// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"jamibox/enroll"
)

func (p *problems) server(c enroll.ServerConfig) {
	if u, err := url.Parse(c.PublicURL); err == nil && u.Scheme == "http" {
		p.add("server.public_url", c.PublicURL, "https://, because passwords travel and devices log in by TLS certificate")
	} else if c.PublicURL != "" && !isBase(c.PublicURL, "https") {
		p.add("server.public_url", c.PublicURL, "https://host or https://host:port, without query")
	}
	if c.PublicHTTPURL != "" && !isBase(c.PublicHTTPURL, "http") {
		p.add("server.public_http_url", c.PublicHTTPURL, "http://host or http://host:port, without query")
	}
	p.listen("server.listen", c.Listen)
	if c.HTTPListen != "" {
		p.listen("server.http_listen", c.HTTPListen)
	}
	for i, proxy := range c.TrustedProxies {
		if !isAddrOrPrefix(proxy) {
			p.add(fmt.Sprintf("server.trusted_proxies[%d]", i), proxy, `an IP address or a range, such as "10.0.0.0/24"`)
		}
	}
	for i, origin := range c.AllowedOrigins {
		if !isOrigin(origin) {
			p.add(fmt.Sprintf("server.allowed_origins[%d]", i), origin, "https://host or https://host:port, without a path or a wildcard")
		}
	}
	if c.ForwardNames != "" && !isBase(c.ForwardNames, "https") && !isBase(c.ForwardNames, "http") {
		p.add("server.forward_names", c.ForwardNames, "https://host or https://host:port, without query")
	}
}

// isOrigin reports whether text is an origin as browsers write it (RFC 6454).
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Path == "" && text == strings.ToLower(text) && isBase(text, "https")
}

// isBase reports whether text is a URL that paths can be appended to.
func isBase(text, scheme string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != scheme || u.User != nil || u.Opaque != "" ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false
	}
	if port := u.Port(); port != "" {
		if n, ok := parsePort(port); !ok || n == 0 {
			return false
		}
	}
	return isHost(u.Hostname())
}

func isAddrOrPrefix(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(text)
	return err == nil
}
