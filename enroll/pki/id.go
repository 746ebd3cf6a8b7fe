// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
)

// oidUserID is the UID attribute, in which Jami carries ids (RFC 4519, 2.39).
var oidUserID = asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}

// AccountID returns the Jami id of an account: 40 hex digits, SHA-1 of the
// key's SubjectPublicKeyInfo.
func AccountID(pub crypto.PublicKey) (string, error) {
	id, err := keyID(pub)
	return hex.EncodeToString(id), err
}

// ShortDeviceID returns the 40 hex digits that name a device in certificates
// and receipts, SHA-1 of the key's SubjectPublicKeyInfo.
func ShortDeviceID(pub crypto.PublicKey) (string, error) {
	return AccountID(pub)
}

// DeviceID returns the 64 hex digits that name a device towards the server,
// SHA-256 of the key's SubjectPublicKeyInfo.
func DeviceID(pub crypto.PublicKey) (string, error) {
	spki, err := publicKeyInfo(pub)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:]), nil
}

// keyID is also the subject key identifier of our certificates: Jami hashes the
// whole SubjectPublicKeyInfo where RFC 5280 section 4.2.1.2 suggests the bit string.
func keyID(pub crypto.PublicKey) ([]byte, error) {
	spki, err := publicKeyInfo(pub)
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(spki)
	return sum[:], nil
}

func publicKeyInfo(pub crypto.PublicKey) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("encoding public key: %w", err)
	}
	return spki, nil
}
