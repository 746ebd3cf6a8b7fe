// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"jamibox/enroll/pki"
	"jamibox/enroll/store"
)

// Signer is a Jami account that can sign: device certificates, receipts,
// revocation lists and OCSP answers.
type Signer struct {
	Issuer pki.Issuer
	Key    *rsa.PrivateKey
}

// Signer opens the account of a user.
func (s *Service) Signer(ctx context.Context, user store.User) (Signer, error) {
	row, err := s.store.AccountOf(ctx, user.ID)
	if err != nil {
		return Signer{}, fmt.Errorf("reading the account of %q: %w", user.Username, err)
	}
	key, err := unsealKey(s.box, row.SealedKey, accountKeyContext(user.AccountID))
	if err != nil {
		return Signer{}, err
	}
	issuer, err := pki.NewIssuer(row.Certificate, key)
	if err != nil {
		return Signer{}, fmt.Errorf("reading the account certificate of %q: %w", user.Username, err)
	}
	return Signer{Issuer: issuer, Key: key}, nil
}

// RenewedSigner is Signer, with an account certificate that outlives the given
// time where the organisation's CA allows it. The key, and with it the Jami
// id, stays the same for ever.
func (s *Service) RenewedSigner(ctx context.Context, user store.User, until time.Time) (Signer, error) {
	signer, err := s.Signer(ctx, user)
	if err != nil || signer.Issuer.Certificate.NotAfter.After(until) {
		return signer, err
	}
	org, err := s.org.Current()
	if err != nil {
		return signer, err
	}
	validity := pki.ValidFor(s.now(), org.AccountLifetime.Duration())
	if !validity.NotAfter.After(signer.Issuer.Certificate.NotAfter.Add(time.Hour)) {
		return signer, nil
	}
	cert, err := org.CA.IssueAccount(&signer.Key.PublicKey, user.Username, validity, pki.URLs{})
	if err != nil {
		return signer, fmt.Errorf("renewing the account certificate of %q: %w", user.Username, err)
	}
	if !cert.NotAfter.After(signer.Issuer.Certificate.NotAfter) {
		return signer, nil
	}
	if err := s.store.SetAccountCertificate(ctx, user.ID, cert.Raw, cert.SerialNumber.Text(16), cert.NotAfter.UTC()); err != nil {
		return signer, fmt.Errorf("storing the account certificate of %q: %w", user.Username, err)
	}
	s.audit.Record(ctx, "account certificate renewed", user.Username, cert.NotAfter.UTC().Format(time.RFC3339))
	signer.Issuer.Certificate = cert
	return signer, nil
}

// Chain returns the certificates above a device: account, then organisation CA.
func (s *Service) Chain(signer Signer) ([]*x509.Certificate, error) {
	org, err := s.org.Current()
	if err != nil {
		return nil, err
	}
	return []*x509.Certificate{signer.Issuer.Certificate, org.CA.Certificate}, nil
}
