// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"
)

// Revoked is a certificate that must no longer be trusted. Reason is a
// CRLReason of RFC 5280 section 5.3.1; 0 says nothing.
type Revoked struct {
	Serial *big.Int
	At     time.Time
	Reason int
}

// checkReason refuses what means nothing (7) or belongs to delta CRLs only (8).
func checkReason(reason int) error {
	if reason < 0 || reason > 10 || reason == 7 || reason == 8 {
		return fmt.Errorf("revocation reason %d does not exist", reason)
	}
	return nil
}

// CreateCRL returns a DER certificate revocation list (RFC 5280 section 5)
// signed by the issuer. number must grow from list to list.
func (i Issuer) CreateCRL(number *big.Int, thisUpdate, nextUpdate time.Time, revoked []Revoked) ([]byte, error) {
	entries := make([]x509.RevocationListEntry, len(revoked))
	for n, r := range revoked {
		if err := checkReason(r.Reason); err != nil {
			return nil, fmt.Errorf("creating CRL: certificate %v: %w", r.Serial, err)
		}
		entries[n] = x509.RevocationListEntry{SerialNumber: r.Serial, RevocationTime: r.At, ReasonCode: r.Reason}
	}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number:                    number,
		ThisUpdate:                thisUpdate,
		NextUpdate:                nextUpdate,
		RevokedCertificateEntries: entries,
	}, i.Certificate, i.Key)
	if err != nil {
		return nil, fmt.Errorf("creating CRL: %w", err)
	}
	return der, nil
}
