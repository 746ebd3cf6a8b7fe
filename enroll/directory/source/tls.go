// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// TLSVersion returns MinTLS as package crypto/tls counts.
func (c Config) TLSVersion() (uint16, error) {
	switch c.WithDefaults().MinTLS {
	case "1.0":
		return tls.VersionTLS10, nil
	case "1.1":
		return tls.VersionTLS11, nil
	case "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	}
	return 0, invalid("min_tls", "%q is unknown; it is 1.0, 1.1, 1.2 or 1.3", c.MinTLS)
}

// CipherSuites returns the numbers of Ciphers, nil for the usual ones.
func (c Config) CipherSuites() ([]uint16, error) {
	var suites []uint16
	for _, name := range c.Ciphers {
		i := slices.IndexFunc(knownSuites(), func(s *tls.CipherSuite) bool { return strings.EqualFold(s.Name, strings.TrimSpace(name)) })
		if i < 0 {
			return nil, invalid("ciphers", "%q is unknown; names are such as TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", name)
		}
		suites = append(suites, knownSuites()[i].ID)
	}
	return suites, nil
}

func knownSuites() []*tls.CipherSuite {
	return append(tls.CipherSuites(), tls.InsecureCipherSuites()...)
}

// Authorities returns the certificates of CA, nil for those of the system.
func (c Config) Authorities() ([]*x509.Certificate, error) {
	if strings.TrimSpace(c.CA) == "" {
		return nil, nil
	}
	var certificates []*x509.Certificate
	for rest := []byte(c.CA); ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, invalid("ca", "holds a %s; give certificates only", strings.ToLower(block.Type))
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, invalid("ca", "certificate %d cannot be read: %v", len(certificates)+1, err)
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, invalid("ca", "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
	}
	return certificates, nil
}

// Pin returns what Pins holds for a certificate.
func Pin(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

// Pinned tells whether a certificate is one of Pins.
func (c Config) Pinned(certificate *x509.Certificate) bool {
	pin := Pin(certificate)
	return slices.ContainsFunc(c.Pins, func(p string) bool { return plainPin(p) == pin })
}

// plainPin returns a pin without the colons that openssl puts into it.
func plainPin(pin string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(pin), ":", ""))
}

func (c Config) checkTLS() error {
	var problems []error
	ldaps := slices.ContainsFunc(c.URLs, func(u string) bool { return hasScheme(u, TLSLDAPS) })
	plain := slices.ContainsFunc(c.URLs, func(u string) bool { return hasScheme(u, "ldap") })
	switch {
	case !slices.Contains([]string{TLSNone, TLSStartTLS, TLSLDAPS}, c.TLS):
		problems = append(problems, invalid("tls", "%q is unknown; it is none, starttls or ldaps", c.TLS))
	case c.TLS == TLSStartTLS && ldaps:
		problems = append(problems, invalid("tls", "ldaps:// is encrypted from the start and knows no StartTLS; use tls ldaps, or ldap:// with starttls"))
	case c.TLS == TLSNone && ldaps:
		problems = append(problems, invalid("tls", "ldaps:// is always encrypted; use tls ldaps, or ldap:// with none"))
	case c.TLS == TLSLDAPS && plain:
		problems = append(problems, invalid("tls", "ldap:// is not encrypted from the start; write ldaps://, or use tls starttls"))
	}
	for _, p := range c.Pins {
		if b, err := hex.DecodeString(plainPin(p)); err != nil || len(b) != sha256.Size {
			problems = append(problems, invalid("pins", "%q is no SHA-256 sum of %d hexadecimal digits", p, 2*sha256.Size))
		}
	}
	_, versionErr := c.TLSVersion()
	_, suitesErr := c.CipherSuites()
	_, caErr := c.Authorities()
	return errors.Join(append(problems, versionErr, suitesErr, caErr)...)
}

// uniqueIDs are the attributes, in lower case, whose values a directory gives to
// one entry and never again to another, nor any other directory.
var uniqueIDs = []string{"entryuuid", "objectguid", "nsuniqueid", "ipauniqueid", "guid", "orclguid", "ibm-entryuuid", "apple-generateduid"}

// Warnings returns what is allowed and yet unwise.
func (c Config) Warnings() []string {
	if c.Kind == KindLocal {
		return nil
	}
	c = c.WithDefaults()
	var warnings []string
	warn := func(format string, a ...any) { warnings = append(warnings, fmt.Sprintf(format, a...)) }
	if c.TLS == TLSNone {
		warn("tls: names and attributes cross the network unencrypted")
		if c.AllowPlaintextBind {
			warn("allow_plaintext_bind: passwords cross the network unencrypted, for anyone on the way to read")
		} else {
			warn("tls: without TLS no password is sent, so that nobody of this source can log in")
		}
	}
	if c.TLS != TLSNone && c.InsecureSkipVerify {
		warn("insecure_skip_verify: the server's certificate is not checked, so that anyone on the way can collect passwords")
	}
	if len(c.Pins) > 0 && c.CA != "" {
		warn("pins: they are trusted instead of the CA, which is not looked at")
	}
	if v, err := c.TLSVersion(); err == nil && v < tls.VersionTLS12 {
		warn("min_tls: TLS %s has known weaknesses", c.MinTLS)
	}
	for _, name := range c.Ciphers {
		if slices.ContainsFunc(tls.InsecureCipherSuites(), func(s *tls.CipherSuite) bool { return strings.EqualFold(s.Name, name) }) {
			warn("ciphers: %s has known weaknesses", name)
		}
	}
	if c.Login == LoginDirect && c.BindDN == "" {
		warn("bind_dn: without a service account people can log in; who they are, whom else there is and their groups is known only if the server lets anybody read")
	}
	for _, name := range c.Mapping.ID {
		if !slices.Contains(uniqueIDs, strings.ToLower(name)) {
			warn("id: whoever is given the same %s later, also in another directory after this one was removed, is taken for the same person", name)
		}
	}
	if c.GlobalCatalogue {
		warn("global_catalogue: it holds only a part of the attributes and groups; good for logins, not for the whole list of people")
	}
	return warnings
}
