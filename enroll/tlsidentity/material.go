// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

const (
	rootYears = 20
	// serverLife is what the strictest platforms still accept, clock skew included.
	serverLife = 397*24*time.Hour - time.Second
	// clockSkew lets clients in whose clock is behind the box's.
	clockSkew = 24 * time.Hour
	// maxCommonName is the bound of RFC 5280 appendix A.1 in characters.
	maxCommonName = 64
)

// Material is what the box keeps of its own TLS identity. It holds private
// keys: it must not be logged, and is stored sealed.
type Material struct {
	RootCertificate   []byte // DER
	RootKey           []byte // PKCS#8 DER
	ServerCertificate []byte // DER
	ServerKey         []byte // PKCS#8 DER
}

// NewMaterial makes a root named after organization and a server certificate
// for names, which must hold at least one host name or IP address.
func NewMaterial(organization string, names []string, now time.Time) (Material, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Material{}, fmt.Errorf("generating root key: %w", err)
	}
	organization = strings.TrimSpace(organization)
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: rootName(organization)},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.AddDate(rootYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	if organization != "" {
		template.Subject.Organization = []string{organization}
	}
	root, err := sign(template, template, key, key)
	if err != nil {
		return Material{}, fmt.Errorf("signing root certificate: %w", err)
	}
	rootKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Material{}, fmt.Errorf("encoding root key: %w", err)
	}
	return Material{RootCertificate: root, RootKey: rootKey}.withServer(names, now)
}

// withServer returns m with a new server key and certificate for names.
func (m Material) withServer(names []string, now time.Time) (Material, error) {
	root, err := x509.ParseCertificate(m.RootCertificate)
	if err != nil {
		return Material{}, fmt.Errorf("parsing own root certificate: %w", err)
	}
	if now.After(root.NotAfter) {
		return Material{}, fmt.Errorf("%w: own root %q was valid until %s; check the clock of this machine or make a new root",
			ErrExpired, displayName(root), root.NotAfter.UTC().Format(dateFormat))
	}
	rootKey, err := parsePKCS8(m.RootKey)
	if err != nil {
		return Material{}, fmt.Errorf("parsing own root key: %w", err)
	}
	template, err := serverTemplate(names, now)
	if err != nil {
		return Material{}, err
	}
	if template.NotAfter.After(root.NotAfter) {
		template.NotAfter = root.NotAfter
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Material{}, fmt.Errorf("generating server key: %w", err)
	}
	if m.ServerCertificate, err = sign(template, root, key, rootKey); err != nil {
		return Material{}, fmt.Errorf("signing server certificate: %w", err)
	}
	if m.ServerKey, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return Material{}, fmt.Errorf("encoding server key: %w", err)
	}
	return m, nil
}

// certificate returns what is served: leaf and root, so that the root can be
// looked at and saved from any connection.
func (m Material) certificate() (*tls.Certificate, error) {
	leaf, err := x509.ParseCertificate(m.ServerCertificate)
	if err != nil {
		return nil, fmt.Errorf("parsing own server certificate: %w", err)
	}
	key, err := parsePKCS8(m.ServerKey)
	if err != nil {
		return nil, fmt.Errorf("parsing own server key: %w", err)
	}
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, fmt.Errorf("%w: own server certificate", ErrKeyMismatch)
	}
	return &tls.Certificate{
		Certificate: [][]byte{m.ServerCertificate, m.RootCertificate},
		PrivateKey:  key,
		Leaf:        leaf,
	}, nil
}

// serverTemplate is a certificate for a TLS server under names.
func serverTemplate(names []string, now time.Time) (*x509.Certificate, error) {
	dns, ips, err := splitNames(names)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(serverLife - clockSkew),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              dns,
		IPAddresses:           ips,
	}
	// The caller's first name is the one people know the box by.
	template.Subject = pkix.Name{CommonName: shorten(normalName(names[0]), maxCommonName)}
	return template, nil
}

func sign(template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1))
	return x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
}

func parsePKCS8(der []byte) (*ecdsa.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an ECDSA key")
	}
	return ec, nil
}

// due reports whether the server certificate needs renewal: less than a third
// of its life is left, it lies in the future, or its names are not names.
func due(leaf *x509.Certificate, names []string, now time.Time) bool {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	if leaf.NotAfter.Sub(now) < life/3 || now.Before(leaf.NotBefore) {
		return true
	}
	return !slices.Equal(normalNames(certificateNames(leaf)), normalNames(names))
}

func rootName(organization string) string {
	const suffix = "jamibox root"
	return strings.TrimSpace(shorten(organization, maxCommonName-len(suffix)-1) + " " + suffix)
}

func shorten(s string, characters int) string {
	if r := []rune(s); len(r) > characters {
		return string(r[:characters])
	}
	return s
}
