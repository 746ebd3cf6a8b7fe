// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// ParseBundle reads a server certificate with its chain and private key, puts
// the chain in order (leaf first, a self-signed root left out) and returns it
// ready to serve, or says in an error wrapping one of this package's reasons
// why clients would not accept it.
//
// certificate is PEM, DER or PKCS#12; key is PEM or DER and may be empty if
// certificate holds the key as well. extraRoots is PEM and may be empty: roots
// that the clients trust beside the system's.
func ParseBundle(certificate, key []byte, passphrase string, extraRoots []byte) (*tls.Certificate, error) {
	roots, err := trustedRoots(extraRoots)
	if err != nil {
		return nil, err
	}
	return assemble(certificate, key, passphrase, roots, time.Now())
}

func trustedRoots(extra []byte) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the roots that this system trusts: %w", err)
	}
	if len(extra) > 0 && !roots.AppendCertsFromPEM(extra) {
		return nil, fmt.Errorf("%w: tls.ca_file holds no PEM certificate", ErrUnreadable)
	}
	return roots, nil
}

func assemble(certificate, key []byte, passphrase string, roots *x509.CertPool, now time.Time) (*tls.Certificate, error) {
	certificates, signer, err := decode(certificate, key, passphrase)
	if err != nil {
		return nil, err
	}
	leaf, rest, err := findLeaf(certificates, signer)
	if err != nil {
		return nil, err
	}
	if err := checkLeaf(leaf, now); err != nil {
		return nil, err
	}
	chain, err := buildChain(leaf, rest, roots, now)
	if err != nil {
		return nil, err
	}
	result := &tls.Certificate{PrivateKey: signer, Leaf: leaf}
	for _, c := range chain {
		result.Certificate = append(result.Certificate, c.Raw)
	}
	return result, nil
}

func decode(certificate, key []byte, passphrase string) ([]*x509.Certificate, crypto.Signer, error) {
	if isPKCS12(certificate) {
		if len(key) > 0 {
			return nil, nil, fmt.Errorf("%w: the PKCS#12 file holds the private key already, so name no key file beside it", ErrUnreadable)
		}
		return decodePKCS12(certificate, passphrase)
	}
	certificates, err := decodeCertificates(certificate)
	if err != nil {
		return nil, nil, err
	}
	if len(key) == 0 {
		key = certificate
	}
	signer, err := decodeKey(key, passphrase)
	if err != nil {
		return nil, nil, err
	}
	return certificates, signer, nil
}

// findLeaf looks for the certificate of the key instead of taking the first
// one, so that a chain in the wrong order is repaired.
func findLeaf(certificates []*x509.Certificate, signer crypto.Signer) (*x509.Certificate, []*x509.Certificate, error) {
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil, nil, fmt.Errorf("%w: keys of type %T are not supported", ErrUnreadable, signer.Public())
	}
	for i, c := range certificates {
		if public.Equal(c.PublicKey) {
			rest := append(append([]*x509.Certificate(nil), certificates[:i]...), certificates[i+1:]...)
			return c, rest, nil
		}
	}
	other := certificates[0]
	for _, c := range certificates {
		if !c.IsCA {
			other = c
			break
		}
	}
	return nil, nil, fmt.Errorf("%w: %q was issued for another key; give the key it was requested with",
		ErrKeyMismatch, displayName(other))
}

func withoutDuplicates(certificates []*x509.Certificate) []*x509.Certificate {
	var result []*x509.Certificate
next:
	for _, c := range certificates {
		for _, seen := range result {
			if bytes.Equal(seen.Raw, c.Raw) {
				continue next
			}
		}
		result = append(result, c)
	}
	return result
}
