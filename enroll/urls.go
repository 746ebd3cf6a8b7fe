// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"net"
	"net/url"
	"strings"

	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
	"jamibox/enroll/tlsidentity"
)

// publicURL returns the configured URL, or the one given at set-up.
func publicURL(cfg Config, holder *organization.Holder) string {
	if cfg.Server.PublicURL != "" {
		return strings.TrimRight(cfg.Server.PublicURL, "/")
	}
	if org, err := holder.Current(); err == nil {
		return org.PublicURL
	}
	return ""
}

// PublicHost returns the host that clients know the box by; "" before set-up.
func PublicHost(cfg Config, holder *organization.Holder) string {
	u, err := url.Parse(publicURL(cfg, holder))
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// revocationURLs returns what goes into device certificates of an account.
// Clients ask over plain HTTP only, and the URLs stay in the certificates for
// as long as they live.
func (s *Server) revocationURLs(accountID string) pki.URLs {
	base := strings.TrimRight(s.o.Config.Server.PublicHTTPURL, "/")
	if base == "" {
		_, port, err := net.SplitHostPort(s.o.Config.Server.HTTPListen)
		if err != nil {
			return pki.URLs{}
		}
		if r := s.ready.Load(); r != nil && r.http != nil {
			_, port, _ = net.SplitHostPort(r.http.String()) // a bound address is well formed
		}
		host := PublicHost(s.o.Config, s.o.Organization)
		if port != "80" {
			host = net.JoinHostPort(host, port)
		} else if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		base = "http://" + host
	}
	return pki.URLs{
		OCSP: base + "/api/ocsp/" + accountID,
		CRL:  base + "/api/crl/" + accountID + ".crl",
	}
}

// setupURL returns where the box can be reached before it has a public URL.
func (s *Server) setupURL() string {
	if u := s.publicURL(); u != "" {
		return u
	}
	host, port := "", "443"
	if r := s.ready.Load(); r != nil {
		host, port, _ = net.SplitHostPort(r.https.String()) // a bound address is well formed
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = anyAddress(s.o.Config.TLS.Names)
	}
	if port != "443" {
		return "https://" + net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return "https://" + host
}

// anyAddress returns an IPv4 address of the box that others can reach, or
// "localhost" where it has none.
func anyAddress(names []string) string {
	for _, name := range tlsidentity.BoxNames(names, "") {
		if ip := net.ParseIP(name); ip != nil && !ip.IsLoopback() && ip.To4() != nil {
			return name
		}
	}
	return "localhost"
}
