// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
)

// BoxNames lists what clients may call this machine: the host of publicURL
// (which may be empty), extra, the host name, the addresses of all interfaces
// but link-local ones, and localhost. The best-known name comes first; there
// are no duplicates.
func BoxNames(extra []string, publicURL string) []string {
	// A machine that cannot say its name or addresses still has the others.
	hostname, err := os.Hostname()
	if err != nil {
		hostname = ""
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		addresses = nil
	}
	return boxNames(extra, publicURL, hostname, addresses)
}

func boxNames(extra []string, publicURL, hostname string, addresses []net.Addr) []string {
	var names []string
	add := func(name string) {
		if name = normalName(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(hostOf(publicURL))
	for _, name := range extra {
		add(name)
	}
	// Systems accept host names that are no DNS names; nobody could type them.
	if validName(normalName(hostname)) {
		add(hostname)
	}
	for _, a := range addresses {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && (prefix.Addr().IsGlobalUnicast() || prefix.Addr().IsLoopback()) {
			add(prefix.Addr().String())
		}
	}
	add("localhost")
	add("127.0.0.1")
	add("::1")
	return names
}

func hostOf(publicURL string) string {
	if publicURL == "" {
		return ""
	}
	if !strings.Contains(publicURL, "://") {
		publicURL = "https://" + publicURL
	}
	u, err := url.Parse(publicURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// normalName folds case, the final dot and the spellings of an IP address.
func normalName(name string) string {
	name = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), ".")
	if ip, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return ip.Unmap().WithZone("").String()
	}
	return name
}

// normalNames is the set of names: sorted, without duplicates.
func normalNames(names []string) []string {
	var result []string
	for _, name := range names {
		if name = normalName(name); name != "" {
			result = append(result, name)
		}
	}
	slices.Sort(result)
	return slices.Compact(result)
}

// splitNames sorts names into the two kinds of subjectAltName.
func splitNames(names []string) (dns []string, ips []net.IP, err error) {
	for _, name := range normalNames(names) {
		if ip, err := netip.ParseAddr(name); err == nil {
			ips = append(ips, ip.AsSlice())
			continue
		}
		if !validName(name) {
			return nil, nil, fmt.Errorf("%q is neither a host name nor an IP address (write names with other letters in their xn-- form)", name)
		}
		dns = append(dns, name)
	}
	if len(dns)+len(ips) == 0 {
		return nil, nil, errors.New("a server certificate needs at least one name or address")
	}
	return dns, ips, nil
}

// validName accepts host names of RFC 1123 section 2.1, underscores since
// they are met in practice, and one leading wildcard label.
func validName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for _, label := range strings.Split(strings.TrimPrefix(name, "*."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
