// SPDX-License-Identifier: GPL-3.0-or-later

package clientcert

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Proxies are the reverse proxies whose headers are believed. The zero value
// believes nobody. It is safe for concurrent use.
type Proxies struct {
	prefixes []netip.Prefix
}

// ParseProxies reads addresses and CIDR ranges. The error names every entry
// that is neither, and those that would believe everybody.
func ParseProxies(entries []string) (Proxies, error) {
	var p Proxies
	var problems []error
	for _, entry := range entries {
		prefix, err := parsePrefix(strings.TrimSpace(entry))
		if err != nil {
			problems = append(problems, fmt.Errorf("trusted proxy %q: %w", entry, err))
			continue
		}
		p.prefixes = append(p.prefixes, prefix)
	}
	if err := errors.Join(problems...); err != nil {
		return Proxies{}, err
	}
	return p, nil
}

func parsePrefix(entry string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(entry); err == nil {
		addr = plain(addr)
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(entry)
	if err != nil {
		return netip.Prefix{}, errors.New("neither an IP address nor a range like 10.0.0.0/8")
	}
	addr, bits := prefix.Addr(), prefix.Bits()
	if addr.Is4In6() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96
	}
	if bits == 0 {
		return netip.Prefix{}, errors.New("this range is everybody, and everybody could then pose as any device")
	}
	return netip.PrefixFrom(addr, bits).Masked(), nil
}

// Trusted reports whether addr is one of the proxies.
func (p Proxies) Trusted(addr netip.Addr) bool {
	addr = plain(addr)
	for _, prefix := range p.prefixes {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// ClientAddr returns where a request really came from: remote itself unless it
// is a proxy, else the first address from the right of X-Forwarded-For that is
// no proxy, else X-Real-IP if there is no X-Forwarded-For. At the first entry
// that is no address it stops and returns the last proxy before it. A proxy
// that sets only X-Real-IP must clear X-Forwarded-For. The header values may
// be empty; several lines of X-Forwarded-For are joined by commas.
func (p Proxies) ClientAddr(remote netip.Addr, xForwardedFor, xRealIP string) netip.Addr {
	remote = plain(remote)
	if !p.Trusted(remote) {
		return remote
	}
	if strings.TrimSpace(xForwardedFor) == "" {
		if addr, ok := parseHop(xRealIP); ok {
			return addr
		}
		return remote
	}
	current := remote
	for rest, more := xForwardedFor, true; more && p.Trusted(current); {
		entry := rest
		if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
			rest, entry = rest[:comma], rest[comma+1:]
		} else {
			more = false
		}
		addr, ok := parseHop(entry)
		if !ok {
			break
		}
		current = addr
	}
	return current
}

// parseHop reads an address as proxies write it: bare, in brackets, or with a port.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if addr, err := netip.ParseAddr(s); err == nil {
		return plain(addr), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plain(ap.Addr()), true
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			if addr, err := netip.ParseAddr(inner); err == nil {
				return plain(addr), true
			}
		}
	}
	return netip.Addr{}, false
}

// plain takes the forms an IPv4 address has on a dual-stack socket, and the
// zone of a link-local one, back to what an admin writes.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
