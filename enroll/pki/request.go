// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// maxRequest bounds the text of a certificate request; one for RSA-8192 takes 3 KiB.
const maxRequest = 16 << 10

// ErrBadRequest is wrapped, with the reason, by every refusal of a certificate request.
var ErrBadRequest = errors.New("certificate request refused")

// DeviceRequest is what is believed of a device's certificate request: the key
// it proved to hold, and the ids that follow from the key.
type DeviceRequest struct {
	PublicKey *rsa.PublicKey
	DeviceID  string // 64 hex digits, see DeviceID
	ShortID   string // 40 hex digits, see ShortDeviceID
}

// ParseDeviceRequest checks a PKCS #10 request (RFC 2986) in PEM. It must be
// one block without anything around it, with an RSA key of 2048 to 8192 bits
// and a SHA-2 signature by that key. Subject and extensions are not looked at.
// Every error is an ErrBadRequest.
func ParseDeviceRequest(pemText []byte) (*DeviceRequest, error) {
	der, err := requestBlock(pemText)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("%w: not a PKCS #10 certificate request: %w", ErrBadRequest, err)
	}
	pub, ok := csr.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: unsupported key: an RSA key is needed", ErrBadRequest)
	}
	// Before the signature: its check is as costly as the key is large.
	if err := checkRSA(pub); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	if !isSHA2(csr.SignatureAlgorithm) {
		return nil, fmt.Errorf("%w: unsupported signature algorithm: RSA with SHA-256, SHA-384 or SHA-512 is needed", ErrBadRequest)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("%w: wrong signature: the request was not signed by its own key", ErrBadRequest)
	}
	return newDeviceRequest(pub, csr.RawSubjectPublicKeyInfo)
}

func newDeviceRequest(pub *rsa.PublicKey, rawSPKI []byte) (*DeviceRequest, error) {
	spki, err := publicKeyInfo(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	// Ids are hashes of these bytes: a second encoding would be a second id for one key.
	if !bytes.Equal(spki, rawSPKI) {
		return nil, fmt.Errorf("%w: unsupported key: its encoding is not the usual one", ErrBadRequest)
	}
	req := &DeviceRequest{PublicKey: pub}
	if req.DeviceID, err = DeviceID(pub); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	if req.ShortID, err = ShortDeviceID(pub); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	return req, nil
}

func requestBlock(text []byte) ([]byte, error) {
	if len(text) > maxRequest {
		return nil, fmt.Errorf("%d bytes are too long, at most %d are read", len(text), maxRequest)
	}
	text = bytes.TrimSpace(text)
	if !bytes.HasPrefix(text, []byte("-----BEGIN ")) {
		return nil, errors.New("not PEM")
	}
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New("not PEM")
	}
	// Decode skips what it cannot read, so a broken first block may hide before this one.
	if len(rest) > 0 || bytes.Count(text, []byte("-----BEGIN ")) != 1 {
		return nil, errors.New("trailing data: exactly one PEM block is expected")
	}
	// Jami writes the older label, as GnuTLS does.
	if block.Type != "NEW CERTIFICATE REQUEST" && block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("the PEM block is not a CERTIFICATE REQUEST")
	}
	return block.Bytes, nil
}

func isSHA2(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return true
	}
	return false
}
