// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto"
	_ "crypto/sha1" // both hashes of a CertID
	_ "crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits of OCSP requests. Jami clients ask for one certificate at a time.
const (
	maxOCSPRequest = 8 << 10
	maxOCSPCerts   = 32
	// maxOCSPNonce is RFC 9654's limit of 128 bytes and the DER header around them.
	maxOCSPNonce = 128 + 3
)

// ErrBadOCSPRequest is wrapped by every refusal of an OCSP request; the answer
// is OCSPError(OCSPMalformedRequest).
var ErrBadOCSPRequest = errors.New("malformed OCSP request")

var (
	oidOCSPNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidSHA1      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// OCSPRequest is a parsed OCSP request. It is only good for CreateOCSPResponse.
type OCSPRequest struct {
	certs []certID
	nonce []byte // content of the extension, as it came; nil without one
}

// certID is RFC 6960's CertID. raw is echoed, so that a client finds its own bytes.
type certID struct {
	raw      []byte
	hash     crypto.Hash
	nameHash []byte
	keyHash  []byte
	serial   *big.Int
}

// Context-specific tags: constructed, and the two primitive ones of CertStatus.
const (
	tag0       cbasn1.Tag = 0xa0
	tag1       cbasn1.Tag = 0xa1
	tag2       cbasn1.Tag = 0xa2
	tagGood    cbasn1.Tag = 0x80
	tagUnknown cbasn1.Tag = 0x82
)

// ParseOCSPRequest reads a DER OCSPRequest (RFC 6960 section 4.1.1) of at most
// 8 KiB and 32 certificates, named by SHA-1 or SHA-256. A signature of the
// requester is ignored. Every error is an ErrBadOCSPRequest.
func ParseOCSPRequest(der []byte) (*OCSPRequest, error) {
	req, err := parseOCSPRequest(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadOCSPRequest, err)
	}
	return req, nil
}

func parseOCSPRequest(der []byte) (*OCSPRequest, error) {
	if len(der) > maxOCSPRequest {
		return nil, fmt.Errorf("%d bytes are too long, at most %d are read", len(der), maxOCSPRequest)
	}
	var outer, tbs, list, extensions cryptobyte.String
	var hasExtensions bool
	in := cryptobyte.String(der)
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() ||
		!outer.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!outer.SkipOptionalASN1(tag0) || !outer.Empty() {
		return nil, errors.New("not an OCSPRequest")
	}
	var version int64
	if !tbs.ReadOptionalASN1Integer(&version, tag0, int64(0)) || version != 0 {
		return nil, errors.New("unknown version")
	}
	if !tbs.SkipOptionalASN1(tag1) ||
		!tbs.ReadASN1(&list, cbasn1.SEQUENCE) ||
		!tbs.ReadOptionalASN1(&extensions, &hasExtensions, tag2) || !tbs.Empty() {
		return nil, errors.New("not a TBSRequest")
	}
	req := new(OCSPRequest)
	for !list.Empty() {
		if len(req.certs) == maxOCSPCerts {
			return nil, fmt.Errorf("more than %d certificates", maxOCSPCerts)
		}
		id, err := readSingleRequest(&list)
		if err != nil {
			return nil, err
		}
		req.certs = append(req.certs, id)
	}
	if len(req.certs) == 0 {
		return nil, errors.New("no certificate named")
	}
	if hasExtensions {
		var err error
		if req.nonce, err = readExtensions(extensions); err != nil {
			return nil, err
		}
	}
	return req, nil
}

func readSingleRequest(list *cryptobyte.String) (certID, error) {
	var single, raw, extensions cryptobyte.String
	var hasExtensions bool
	if !list.ReadASN1(&single, cbasn1.SEQUENCE) ||
		!single.ReadASN1Element(&raw, cbasn1.SEQUENCE) ||
		!single.ReadOptionalASN1(&extensions, &hasExtensions, tag0) || !single.Empty() {
		return certID{}, errors.New("not a Request")
	}
	if hasExtensions {
		if _, err := readExtensions(extensions); err != nil {
			return certID{}, err
		}
	}
	return readCertID(raw)
}

func readCertID(raw cryptobyte.String) (certID, error) {
	id := certID{raw: raw, serial: new(big.Int)}
	var body, algorithm, nameHash, keyHash cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !raw.ReadASN1(&body, cbasn1.SEQUENCE) ||
		!body.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) ||
		!body.ReadASN1(&nameHash, cbasn1.OCTET_STRING) ||
		!body.ReadASN1(&keyHash, cbasn1.OCTET_STRING) ||
		!body.ReadASN1Integer(id.serial) || !body.Empty() {
		return id, errors.New("not a CertID")
	}
	switch {
	case oid.Equal(oidSHA1):
		id.hash = crypto.SHA1
	case oid.Equal(oidSHA256):
		id.hash = crypto.SHA256
	default:
		return id, fmt.Errorf("hash algorithm %v of a CertID is not supported", oid)
	}
	if !algorithm.Empty() && !(algorithm.SkipASN1(cbasn1.NULL) && algorithm.Empty()) {
		return id, errors.New("hash algorithm of a CertID has parameters")
	}
	id.nameHash, id.keyHash = nameHash, keyHash
	return id, nil
}

// readExtensions returns the content of a nonce extension, nil without one. It
// refuses critical extensions, none of which it knows.
func readExtensions(in cryptobyte.String) (nonce []byte, err error) {
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, errors.New("not a list of extensions")
	}
	for !list.Empty() {
		var ext, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var critical bool
		if !list.ReadASN1(&ext, cbasn1.SEQUENCE) ||
			!ext.ReadASN1ObjectIdentifier(&oid) ||
			ext.PeekASN1Tag(cbasn1.BOOLEAN) && !ext.ReadASN1Boolean(&critical) ||
			!ext.ReadASN1(&value, cbasn1.OCTET_STRING) || !ext.Empty() {
			return nil, errors.New("not an extension")
		}
		switch {
		case !oid.Equal(oidOCSPNonce):
			if critical {
				return nil, fmt.Errorf("critical extension %v is not supported", oid)
			}
		case nonce != nil:
			return nil, errors.New("two nonces")
		case len(value) == 0 || len(value) > maxOCSPNonce:
			return nil, fmt.Errorf("nonce of %d bytes", len(value))
		default:
			nonce = value
		}
	}
	return nonce, nil
}
