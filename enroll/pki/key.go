// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
)

// KeyType is a kind of organisation CA key.
type KeyType string

// The kinds of organisation CA key. Account and device keys are always RSA,
// because Jami's receipts and announcements are.
const (
	RSA3072   KeyType = "rsa-3072"
	RSA4096   KeyType = "rsa-4096"
	ECDSAP256 KeyType = "ecdsa-p256"
	ECDSAP384 KeyType = "ecdsa-p384"
)

// ParseKeyType returns the KeyType named s, or an error that lists them all.
func ParseKeyType(s string) (KeyType, error) {
	switch t := KeyType(s); t {
	case RSA3072, RSA4096, ECDSAP256, ECDSAP384:
		return t, nil
	}
	return "", fmt.Errorf("unknown key type %q: choose %s, %s, %s or %s", s, RSA3072, RSA4096, ECDSAP256, ECDSAP384)
}

// GenerateKey makes an organisation CA key. RSA takes seconds.
func GenerateKey(t KeyType) (crypto.Signer, error) {
	switch t {
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	case ECDSAP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	_, err := ParseKeyType(string(t))
	return nil, err
}

// GenerateAccountKey makes an account key of 2048, 3072 or 4096 bits. It takes
// up to seconds, so keys are made ahead of need.
func GenerateAccountKey(bits int) (*rsa.PrivateKey, error) {
	switch bits {
	case 2048, 3072, 4096:
		return rsa.GenerateKey(rand.Reader, bits)
	}
	return nil, fmt.Errorf("account key of %d bits: choose 2048, 3072 or 4096", bits)
}

// MarshalPrivateKey returns an RSA or ECDSA key as PKCS #8 DER, not encrypted.
func MarshalPrivateKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding private key: %w", err)
	}
	return der, nil
}

// ParsePrivateKey reads what MarshalPrivateKey wrote.
func ParsePrivateKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("decoding private key: %w", err)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("decoding private key: %T is neither RSA nor ECDSA", key)
}

// Limits of RSA keys: GnuTLS refuses shorter ones, and longer ones only serve
// to make the server calculate.
const (
	minRSABits     = 2048
	maxRSABits     = 8192
	minRSAExponent = 65537
)

// checkRSA returns why a key is not fit for use, in words for an admin.
func checkRSA(pub *rsa.PublicKey) error {
	if pub == nil || pub.N == nil {
		return errors.New("there is no key")
	}
	switch bits := pub.N.BitLen(); {
	case bits < minRSABits:
		return fmt.Errorf("weak key: RSA with %d bits, at least %d are needed", bits, minRSABits)
	case bits > maxRSABits:
		return fmt.Errorf("unsupported key: RSA with %d bits, at most %d are accepted", bits, maxRSABits)
	case pub.E < minRSAExponent || pub.E%2 == 0:
		return fmt.Errorf("weak key: RSA exponent %d, an odd one of at least %d is needed", pub.E, minRSAExponent)
	case pub.N.Bit(0) == 0:
		return errors.New("weak key: RSA modulus is even")
	}
	return nil
}
