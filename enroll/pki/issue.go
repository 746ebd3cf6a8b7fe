// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// deviceCommonName is the common name Jami itself gives to devices.
const deviceCommonName = "Jami device"

// URLs are frozen into a certificate: where to ask about its revocation. An
// empty one is left out. They are plain http, as RFC 5280 section 8 advises and
// Jami clients need.
type URLs struct{ OCSP, CRL string }

func (u URLs) check() error {
	for _, s := range []string{u.OCSP, u.CRL} {
		if s == "" {
			continue
		}
		parsed, err := url.Parse(s)
		if err != nil || parsed.Scheme != "http" || parsed.Host == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("revocation address %q is not an http:// URL in ASCII", s)
		}
	}
	return nil
}

func (u URLs) apply(template *x509.Certificate) {
	if u.OCSP != "" {
		template.OCSPServer = []string{u.OCSP}
	}
	if u.CRL != "" {
		template.CRLDistributionPoints = []string{u.CRL}
	}
}

// IssueAccount certifies an account key as a CA for the devices of its user.
// The common name is the user name, cut to 64 characters; the UID is the account
// id. The validity is cut to the issuer's, see ErrIssuerExpired.
func (i Issuer) IssueAccount(pub *rsa.PublicKey, username string, v Validity, urls URLs) (*x509.Certificate, error) {
	cert, err := i.issueAccount(pub, username, v, urls)
	if err != nil {
		return nil, fmt.Errorf("issuing account certificate: %w", err)
	}
	return cert, nil
}

func (i Issuer) issueAccount(pub *rsa.PublicKey, username string, v Validity, urls URLs) (*x509.Certificate, error) {
	if strings.TrimSpace(username) == "" {
		return nil, errors.New("the user name is empty")
	}
	if i.Certificate.MaxPathLenZero {
		return nil, fmt.Errorf("the CA %q may not have CAs below it: its path length is 0", i.Certificate.Subject)
	}
	template := authorityTemplate()
	return i.issue(template, commonName(username), pub, v, urls)
}

// IssueDevice certifies a device key. The issuer is an account. The validity is
// cut to the issuer's, see ErrIssuerExpired. Each call gives a new serial number.
func (i Issuer) IssueDevice(req *DeviceRequest, v Validity, urls URLs) (*x509.Certificate, error) {
	template := &x509.Certificate{
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
	}
	cert, err := i.issue(template, deviceCommonName, req.PublicKey, v, urls)
	if err != nil {
		return nil, fmt.Errorf("issuing certificate for device %s: %w", req.DeviceID, err)
	}
	return cert, nil
}

func (i Issuer) issue(template *x509.Certificate, commonName string, pub *rsa.PublicKey, v Validity, urls URLs) (*x509.Certificate, error) {
	if err := checkRSA(pub); err != nil {
		return nil, err
	}
	if err := urls.check(); err != nil {
		return nil, err
	}
	v, err := v.within(Validity{NotBefore: i.Certificate.NotBefore, NotAfter: i.Certificate.NotAfter})
	if err != nil {
		return nil, err
	}
	uid, err := AccountID(pub)
	if err != nil {
		return nil, err
	}
	template.Subject = jamiName(commonName, uid)
	urls.apply(template)
	return i.sign(template, pub, v)
}

// ChainPEM returns certificates as concatenated PEM in the given order, which
// for Jami clients is the leaf first, each followed by its issuer.
func ChainPEM(certs ...*x509.Certificate) string {
	var b strings.Builder
	for _, c := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.String()
}
