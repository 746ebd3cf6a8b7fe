// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"jamibox/enroll/directory/source"
)

// handshake is what was seen of a server's certificate, also of a refused one.
type handshake struct {
	chain   []*x509.Certificate
	problem error
}

// tlsConfig does the check of the certificate itself, to know pins and to tell
// in words what is wrong.
func (c *Client) tlsConfig(s server, seen *handshake) (*tls.Config, error) {
	version, err := c.cfg.TLSVersion()
	if err != nil {
		return nil, err
	}
	suites, err := c.cfg.CipherSuites()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		ServerName: s.host, MinVersion: version, CipherSuites: suites,
		ClientSessionCache: c.sessions,
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			seen.chain = state.PeerCertificates
			seen.problem = c.verify(s.host, state.PeerCertificates)
			return seen.problem
		},
	}, nil
}

// verify returns why the server is not to be trusted, in words.
func (c *Client) verify(host string, chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errors.New("the server shows no certificate")
	}
	leaf := chain[0]
	o := x509.VerifyOptions{Roots: c.roots, Intermediates: x509.NewCertPool(), DNSName: host, CurrentTime: c.o.Now()}
	if len(c.cfg.Pins) > 0 {
		if c.cfg.Pinned(leaf) {
			return nil
		}
		o.Roots = x509.NewCertPool()
		pinned := false
		for _, certificate := range chain[1:] {
			if c.cfg.Pinned(certificate) {
				o.Roots.AddCert(certificate)
				pinned = true
			}
		}
		if !pinned {
			return fmt.Errorf("the server shows another certificate than the pinned one: %s, with the SHA-256 sum %s; if that is right, fetch and pin it anew",
				leaf.Subject, source.Pin(leaf))
		}
	} else if c.cfg.InsecureSkipVerify {
		return nil
	}
	for _, certificate := range chain[1:] {
		o.Intermediates.AddCert(certificate)
	}
	if _, err := leaf.Verify(o); err != nil {
		return c.distrust(err, host, chain)
	}
	return nil
}

func (c *Client) distrust(err error, host string, chain []*x509.Certificate) error {
	leaf := chain[0]
	// A certificate above the server's may be the expired one.
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		certificate, now := invalid.Cert, c.o.Now()
		if now.Before(certificate.NotBefore) {
			return fmt.Errorf("the certificate of %s is valid from %s, and the clock of this machine says %s: set the clock",
				certificate.Subject, day(certificate.NotBefore), day(now))
		}
		return fmt.Errorf("the certificate of %s expired on %s: renew it on the directory server", certificate.Subject, day(certificate.NotAfter))
	}
	if len(leaf.DNSNames) == 0 && len(leaf.IPAddresses) == 0 {
		return fmt.Errorf("the certificate of %s names the server only in its subject, where nobody looks any more: renew it with the name as subjectAltName, or pin it",
			leaf.Subject)
	}
	var name x509.HostnameError
	if errors.As(err, &name) {
		return fmt.Errorf("the certificate is for %s and not for %s: use one of these names in the URL, or renew the certificate with this one",
			strings.Join(certificateNames(leaf), ", "), host)
	}
	weak := []x509.SignatureAlgorithm{x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.MD5WithRSA}
	if slices.Contains(weak, leaf.SignatureAlgorithm) {
		return fmt.Errorf("the certificate of %s is signed with %s, which is not secure any more: renew it, or pin it", leaf.Subject, leaf.SignatureAlgorithm)
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return c.unknownAuthority(chain)
	}
	return fmt.Errorf("the certificate of %s is not accepted: %w", leaf.Subject, err)
}

func (c *Client) unknownAuthority(chain []*x509.Certificate) error {
	leaf, last := chain[0], chain[len(chain)-1]
	known := "this machine's list of CAs"
	if c.roots != nil {
		known = "the CA given"
	}
	switch {
	case leaf.CheckSignatureFrom(leaf) == nil || string(leaf.RawSubject) == string(leaf.RawIssuer):
		return fmt.Errorf("the certificate of %s is signed by itself: give it as CA, or fetch and pin it", leaf.Subject)
	case string(last.RawSubject) == string(last.RawIssuer):
		return fmt.Errorf("the certificate comes from %s, which is not in %s: give that CA's certificate", last.Subject, known)
	}
	return fmt.Errorf("the certificate of %s is signed by %s, which is neither in %s nor sent by the server: "+
		"if that is an intermediate CA, let the server send it too or add it to the CA file, else give that CA's certificate",
		last.Subject, last.Issuer, known)
}

func certificateNames(c *x509.Certificate) []string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, net.IP(ip).String())
	}
	return names
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
