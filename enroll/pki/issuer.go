// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
)

// Issuer signs certificates, CRLs and OCSP responses: the organisation CA for
// accounts, an account for its devices. Both members are required. Safe for
// concurrent use when Key is, as keys of the standard library are.
type Issuer struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// NewIssuer puts a CA certificate and its private key together. It refuses a
// key of another certificate and a certificate that may not sign others.
func NewIssuer(certDER []byte, key crypto.Signer) (Issuer, error) {
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return Issuer{}, fmt.Errorf("reading CA certificate: %w", err)
	}
	if !cert.BasicConstraintsValid || !cert.IsCA {
		return Issuer{}, fmt.Errorf("certificate %q is not a CA: its basic constraints do not say CA:TRUE", cert.Subject)
	}
	if cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return Issuer{}, fmt.Errorf("certificate %q is not a CA: its key usage does not include certificate signing", cert.Subject)
	}
	pub, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if key == nil || !ok || !pub.Equal(key.Public()) {
		return Issuer{}, fmt.Errorf("the private key does not belong to the certificate %q", cert.Subject)
	}
	return Issuer{Certificate: cert, Key: key}, nil
}

// NewOrganizationCA makes the self-signed certificate at the top of an
// organisation. key is RSA or ECDSA.
func NewOrganizationCA(key crypto.Signer, s Subject, v Validity) (Issuer, error) {
	if err := s.Validate(); err != nil {
		return Issuer{}, fmt.Errorf("making organisation CA: %w", err)
	}
	v, err := v.rounded()
	if err != nil {
		return Issuer{}, fmt.Errorf("making organisation CA: %w", err)
	}
	id, err := AccountID(key.Public())
	if err != nil {
		return Issuer{}, fmt.Errorf("making organisation CA: %w", err)
	}
	template := authorityTemplate()
	template.Subject = s.name(id)
	self := Issuer{Certificate: template, Key: key}
	cert, err := self.sign(template, key.Public(), v)
	if err != nil {
		return Issuer{}, fmt.Errorf("making organisation CA: %w", err)
	}
	return Issuer{Certificate: cert, Key: key}, nil
}

// sign completes the template with serial number, key ids and validity.
func (i Issuer) sign(template *x509.Certificate, pub crypto.PublicKey, v Validity) (*x509.Certificate, error) {
	id, err := keyID(pub)
	if err != nil {
		return nil, err
	}
	if template.SerialNumber, err = serialNumber(); err != nil {
		return nil, err
	}
	template.SubjectKeyId = id
	template.AuthorityKeyId = i.Certificate.SubjectKeyId
	template.NotBefore, template.NotAfter = v.NotBefore, v.NotAfter
	der, err := x509.CreateCertificate(rand.Reader, template, i.Certificate, pub, i.Key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func authorityTemplate() *x509.Certificate {
	return &x509.Certificate{
		BasicConstraintsValid: true,
		IsCA:                  true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

// serialNumber returns 127 random bits: positive, and 16 bytes at most.
func serialNumber() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("choosing serial number: %w", err)
	}
	if n.Sign() == 0 {
		return nil, errors.New("choosing serial number: the random source returned zero")
	}
	return n, nil
}
