// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"bytes"
	"encoding/pem"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ErrCertificate is returned for data in which no certificate is found.
var ErrCertificate = errors.New("no certificate found")

// CertificateKey returns the public key of the first certificate in the data of
// a value of TypeCertificate: PEM, the leaf first, which peers wrap in a
// MessagePack bin, or bare DER. Neither signature, dates nor serial number are
// looked at: half of all certificates that OpenDHT made have a negative serial
// number, which crypto/x509 refuses. It returns ErrCertificate if there is none.
func CertificateKey(data []byte) (PublicKey, error) {
	// Go's reader wants the marker at the start of a line.
	if start := bytes.Index(data, []byte("-----BEGIN CERTIFICATE-----")); start >= 0 {
		block, _ := pem.Decode(data[start:])
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, ErrCertificate
		}
		data = block.Bytes
	}
	return cutKey(data)
}

// cutKey walks RFC 5280, section 4.1, up to the subjectPublicKeyInfo.
func cutKey(der []byte) (PublicKey, error) {
	var certificate, signed, key cryptobyte.String
	rest := cryptobyte.String(der)
	if !rest.ReadASN1(&certificate, asn1.SEQUENCE) || !certificate.ReadASN1(&signed, asn1.SEQUENCE) ||
		!signed.SkipOptionalASN1(asn1.Tag(0).ContextSpecific().Constructed()) || // version
		!signed.SkipASN1(asn1.INTEGER) || // serialNumber
		!signed.SkipASN1(asn1.SEQUENCE) || // signature
		!signed.SkipASN1(asn1.SEQUENCE) || // issuer
		!signed.SkipASN1(asn1.SEQUENCE) || // validity
		!signed.SkipASN1(asn1.SEQUENCE) || // subject
		!signed.ReadASN1Element(&key, asn1.SEQUENCE) {
		return nil, ErrCertificate
	}
	public, err := ParsePublicKey(key)
	if err != nil {
		return nil, ErrCertificate
	}
	return public, nil
}
