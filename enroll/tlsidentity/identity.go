// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"
	"time"
)

// Sources of the certificate being served, as Info names them.
const (
	SourceInternal  = "internal"
	SourceFiles     = "files"
	SourceEphemeral = "ephemeral"
)

// Identity is the certificate being served. The zero value holds none. It is
// safe for concurrent use; reading takes no lock.
type Identity struct {
	current atomic.Pointer[served]
}

type served struct {
	certificate *tls.Certificate
	info        Info
}

// Info describes the certificate being served.
type Info struct {
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	Names    []string  `json:"names"`
	NotAfter time.Time `json:"not_after"`
	// Source is SourceInternal, SourceFiles or SourceEphemeral.
	Source string `json:"source"`
}

// Set serves certificate from the next handshake on. It fails if its leaf
// cannot be parsed; certificate must not be changed afterwards.
func (i *Identity) Set(certificate *tls.Certificate, source string) error {
	if len(certificate.Certificate) == 0 {
		return ErrNoCertificate
	}
	leaf := certificate.Leaf
	if leaf == nil {
		parsed, err := x509.ParseCertificate(certificate.Certificate[0])
		if err != nil {
			return fmt.Errorf("parsing server certificate: %w", err)
		}
		leaf = parsed
	}
	i.current.Store(&served{
		certificate: certificate,
		info: Info{
			Subject:  displayName(leaf),
			Issuer:   leaf.Issuer.String(),
			Names:    certificateNames(leaf),
			NotAfter: leaf.NotAfter,
			Source:   source,
		},
	})
	return nil
}

// GetCertificate returns the certificate being served, whatever name the
// client asked for, or ErrNoCertificate. It fits tls.Config.
func (i *Identity) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s := i.current.Load()
	if s == nil {
		return nil, ErrNoCertificate
	}
	return s.certificate, nil
}

// Current describes the certificate being served; false while there is none.
func (i *Identity) Current() (Info, bool) {
	s := i.current.Load()
	if s == nil {
		return Info{}, false
	}
	return s.info, true
}

// displayName is what an admin recognises the certificate by.
func displayName(c *x509.Certificate) string {
	if subject := c.Subject.String(); subject != "" {
		return subject
	}
	if names := certificateNames(c); len(names) > 0 {
		return names[0]
	}
	return "serial " + c.SerialNumber.String()
}

func certificateNames(c *x509.Certificate) []string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}
