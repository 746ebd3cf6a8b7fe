// SPDX-License-Identifier: GPL-3.0-or-later

package tlslisten

import "crypto/tls"

// ServerConfig is the TLS configuration that Jami clients need: client
// certificates are asked for and neither required nor verified, as most
// requests come without one and only the domain can tell a good one.
func ServerConfig(getCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: getCertificate,
		ClientAuth:     tls.RequestClientCert,
		NextProtos:     []string{"http/1.1"},
	}
}
