// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// PublicKey is a public key as DER SubjectPublicKeyInfo (RFC 5280, section
// 4.1). Its form is checked, but not what kind of key it holds.
type PublicKey []byte

// ErrKey is returned for what is no DER SubjectPublicKeyInfo.
var ErrKey = errors.New("not a DER public key")

// ParsePublicKey checks the form of der and returns it; it returns ErrKey if
// der is no key or more than one.
func ParsePublicKey(der []byte) (PublicKey, error) {
	var key, algorithm, bits cryptobyte.String
	rest := cryptobyte.String(der)
	if !rest.ReadASN1(&key, asn1.SEQUENCE) || !rest.Empty() ||
		!key.ReadASN1(&algorithm, asn1.SEQUENCE) || !algorithm.SkipASN1(asn1.OBJECT_IDENTIFIER) ||
		!key.ReadASN1(&bits, asn1.BIT_STRING) || !key.Empty() {
		return nil, ErrKey
	}
	return PublicKey(der), nil
}

// ID returns the short id, by which owners and recipients are named.
func (k PublicKey) ID() ID { return sha1.Sum(k) }

// LongID returns the id by which Jami names devices.
func (k PublicKey) LongID() [sha256.Size]byte { return sha256.Sum256(k) }

// CertificateKeys returns the two keys under which a certificate of the public
// key may lie: its short id, which old releases use, and the hash of its long
// id.
func (k PublicKey) CertificateKeys() [2]ID {
	long := k.LongID()
	return [2]ID{k.ID(), HashOf(long[:])}
}
