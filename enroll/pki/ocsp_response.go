// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidOCSPBasic       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidSHA256WithRSA   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// errOtherIssuer: a request asks about certificates that are not ours.
var errOtherIssuer = errors.New("certificate of another issuer")

// OCSPState says whether a certificate is revoked. The zero value is OCSPUnknown.
type OCSPState int

// The states of RFC 6960 section 2.2. Jami clients keep the answer and later
// accept a peer only if it says good, so a valid certificate is never unknown.
const (
	OCSPUnknown OCSPState = iota
	OCSPGood
	OCSPRevoked
)

// OCSPStatus is the answer for one certificate. At and Reason count for
// OCSPRevoked only; they mean the same as in Revoked.
type OCSPStatus struct {
	State  OCSPState
	At     time.Time
	Reason int
}

// CreateOCSPResponse answers req with the signature of the issuer itself (RFC
// 6960 section 4.2.1), echoing CertIDs and nonce. status is called once for
// each certificate asked for. thisUpdate is also the time of production; a zero
// nextUpdate is left out. A request that names a certificate of another issuer
// gets the answer OCSPUnauthorized, and no error.
func (i Issuer) CreateOCSPResponse(req *OCSPRequest, status func(serial *big.Int) OCSPStatus, thisUpdate, nextUpdate time.Time) ([]byte, error) {
	der, err := i.createOCSPResponse(req, status, thisUpdate, nextUpdate)
	if errors.Is(err, errOtherIssuer) {
		return OCSPError(OCSPUnauthorized), nil
	}
	if err != nil {
		return nil, fmt.Errorf("creating OCSP response: %w", err)
	}
	return der, nil
}

func (i Issuer) createOCSPResponse(req *OCSPRequest, status func(serial *big.Int) OCSPStatus, thisUpdate, nextUpdate time.Time) ([]byte, error) {
	if !nextUpdate.IsZero() && nextUpdate.Before(thisUpdate) {
		return nil, errors.New("next update lies before this update")
	}
	key, err := subjectPublicKey(i.Certificate.RawSubjectPublicKeyInfo)
	if err != nil {
		return nil, err
	}
	for _, id := range req.certs {
		if !bytes.Equal(id.nameHash, sum(id.hash, i.Certificate.RawSubject)) || !bytes.Equal(id.keyHash, sum(id.hash, key)) {
			return nil, errOtherIssuer
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // ResponseData
		b.AddASN1(tag1, func(b *cryptobyte.Builder) { b.AddBytes(i.Certificate.RawSubject) })
		b.AddASN1GeneralizedTime(thisUpdate.UTC())
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, id := range req.certs {
				addSingleResponse(b, id, status(id.serial), thisUpdate, nextUpdate)
			}
		})
		if req.nonce != nil {
			addNonce(b, req.nonce)
		}
	})
	data, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return i.signOCSP(data)
}

func addSingleResponse(b *cryptobyte.Builder, id certID, s OCSPStatus, thisUpdate, nextUpdate time.Time) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(id.raw)
		switch s.State {
		case OCSPGood:
			b.AddASN1(tagGood, func(*cryptobyte.Builder) {})
		case OCSPRevoked:
			addRevokedInfo(b, s)
		default:
			b.AddASN1(tagUnknown, func(*cryptobyte.Builder) {})
		}
		b.AddASN1GeneralizedTime(thisUpdate.UTC())
		if !nextUpdate.IsZero() {
			b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(nextUpdate.UTC()) })
		}
	})
}

func addRevokedInfo(b *cryptobyte.Builder, s OCSPStatus) {
	if err := checkReason(s.Reason); err != nil {
		b.SetError(err)
		return
	}
	b.AddASN1(tag1, func(b *cryptobyte.Builder) {
		b.AddASN1GeneralizedTime(s.At.UTC())
		if s.Reason != 0 { // RFC 5280 section 5.3.1: "unspecified" is said by silence
			b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(s.Reason)) })
		}
	})
}

// The nonce stands in responseExtensions: clients do not look for it elsewhere.
func addNonce(b *cryptobyte.Builder, nonce []byte) {
	b.AddASN1(tag1, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidOCSPNonce)
				b.AddASN1OctetString(nonce)
			})
		})
	})
}

func (i Issuer) signOCSP(data []byte) ([]byte, error) {
	var algorithm asn1.ObjectIdentifier
	switch i.Key.Public().(type) {
	case *rsa.PublicKey:
		algorithm = oidSHA256WithRSA
	case *ecdsa.PublicKey:
		algorithm = oidECDSAWithSHA256
	default:
		return nil, fmt.Errorf("issuer key %T is neither RSA nor ECDSA", i.Key.Public())
	}
	signature, err := i.Key.Sign(rand.Reader, sum(crypto.SHA256, data), crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // OCSPResponse
		b.AddASN1Enum(0) // successful
		b.AddASN1(tag0, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // ResponseBytes
				b.AddASN1ObjectIdentifier(oidOCSPBasic)
				b.AddASN1(cbasn1.OCTET_STRING, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // BasicOCSPResponse
						b.AddBytes(data)
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier(algorithm)
							if algorithm.Equal(oidSHA256WithRSA) {
								b.AddASN1NULL() // RFC 4055 section 5 wants it, RFC 5758 section 3.2 forbids it
							}
						})
						b.AddASN1BitString(signature)
					})
				})
			})
		})
	})
	return b.Bytes()
}

// subjectPublicKey returns the bits of the key alone, which is what CertIDs hash.
func subjectPublicKey(spki []byte) ([]byte, error) {
	var body cryptobyte.String
	var key asn1.BitString
	in := cryptobyte.String(spki)
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !body.SkipASN1(cbasn1.SEQUENCE) || !body.ReadASN1BitString(&key) {
		return nil, errors.New("reading issuer key: not a SubjectPublicKeyInfo")
	}
	return key.RightAlign(), nil
}

func sum(h crypto.Hash, data []byte) []byte {
	digest := h.New()
	digest.Write(data)
	return digest.Sum(nil)
}
