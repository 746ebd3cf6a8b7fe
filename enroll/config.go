// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"jamibox/enroll/clientcert"
	"jamibox/enroll/names"
	"jamibox/enroll/tlsidentity"
)

// Config is what the enrolment server needs to start. What an admin changes
// from day to day is in the database instead. The zero value is not usable;
// see DefaultConfig.
type Config struct {
	Server ServerConfig
	TLS    tlsidentity.Config
}

// ServerConfig holds the HTTP faces.
type ServerConfig struct {
	// PublicURL is what clients type and what certificates, links and pushed
	// settings name. Empty: the one given at set-up.
	PublicURL string `toml:"public_url"`
	// PublicHTTPURL is the plain HTTP address that OCSP and CRL URLs in
	// certificates name. Empty: derived from PublicURL's host and HTTPListen.
	PublicHTTPURL string `toml:"public_http_url"`
	// Listen is the HTTPS address.
	Listen string `toml:"listen"`
	// HTTPListen is the plain HTTP address (OCSP, CRL, root certificate,
	// redirect for browsers). Empty switches it off.
	HTTPListen string `toml:"http_listen"`
	// TrustedProxies holds addresses and CIDR ranges of reverse proxies whose
	// client certificate and X-Forwarded-For headers are believed.
	TrustedProxies []string `toml:"trusted_proxies"`
	// ClientCertHeader is the header in which the proxies hand on the client's
	// certificate. Only this one is read: a proxy passes others through as the
	// client sent them, and a certificate is no secret.
	ClientCertHeader string `toml:"client_cert_header"`
	// AllowedOrigins holds the origins ("https://host") of pages elsewhere that
	// may call the API in a browser. None: only pages of the box.
	AllowedOrigins []string `toml:"allowed_origins"`
	// ForwardNames is the base URL of a name server that is asked for names that
	// nobody of the box has. Empty: no request leaves the box.
	ForwardNames string `toml:"forward_names"`
}

// DefaultConfig returns the settings of a fresh installation.
func DefaultConfig() Config {
	return Config{
		Server: ServerConfig{Listen: ":443", HTTPListen: ":80", ClientCertHeader: clientcert.HeaderJAMS},
		TLS:    tlsidentity.DefaultConfig(),
	}
}

// forwarder returns who is asked for unknown names; nil if nobody is.
func forwarder(c ServerConfig) *names.Forwarder {
	if c.ForwardNames == "" {
		return nil
	}
	return names.NewForwarder(c.ForwardNames)
}
