// SPDX-License-Identifier: GPL-3.0-or-later

package revocation

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"jamibox/enroll/pki"
	"jamibox/enroll/store"
)

// CRL returns the revocation list (DER) of an issuer: an account id, or
// store.OrganizationIssuer. It is signed anew when something was revoked or
// when less than half of its life is left. Errors: ErrNotFound, ErrBusy; any
// other is a fault of the server.
func (s *Service) CRL(ctx context.Context, issuer string) ([]byte, error) {
	org, err := s.org.Current()
	if err != nil {
		return nil, err
	}
	list, err := s.store.RevocationList(ctx, issuer)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("reading the CRL of %s: %w", issuer, err)
	}
	now := s.now().UTC()
	if err == nil && !list.Stale && now.Before(list.NextUpdate.Add(-org.CRLLifetime.Duration()/2)) {
		return list.DER, nil
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	signer, revoked, err := s.issuer(ctx, issuer)
	if err != nil {
		return nil, err
	}
	next := now.Add(org.CRLLifetime.Duration())
	list, err = s.store.RenewRevocationList(ctx, issuer, func(number int64) ([]byte, time.Time, error) {
		entries, err := revoked()
		if err != nil {
			return nil, next, err
		}
		der, err := signer.CreateCRL(big.NewInt(number), now, next, entries)
		return der, next, err
	})
	if err != nil {
		return nil, fmt.Errorf("renewing the CRL of %s: %w", issuer, err)
	}
	return list.DER, nil
}

// issuer returns who signs a list, and how to read what is on it.
func (s *Service) issuer(ctx context.Context, issuer string) (pki.Issuer, func() ([]pki.Revoked, error), error) {
	if issuer == store.OrganizationIssuer {
		org, err := s.org.Current()
		if err != nil {
			return pki.Issuer{}, nil, err
		}
		return org.CA, func() ([]pki.Revoked, error) { return s.revokedAccounts(ctx) }, nil
	}
	user, err := s.store.UserByAccountID(ctx, issuer)
	if errors.Is(err, store.ErrNotFound) {
		return pki.Issuer{}, nil, ErrNotFound
	}
	if err != nil {
		return pki.Issuer{}, nil, fmt.Errorf("looking for account %s: %w", issuer, err)
	}
	signer, err := s.accounts.Signer(ctx, user)
	return signer.Issuer, func() ([]pki.Revoked, error) { return s.revokedDevices(ctx, user) }, err
}

func (s *Service) revokedDevices(ctx context.Context, user store.User) ([]pki.Revoked, error) {
	rows, err := s.store.RevokedCertificates(ctx, user.ID, s.now())
	if err != nil {
		return nil, err
	}
	entries := make([]pki.Revoked, len(rows))
	for i, c := range rows {
		if entries[i], err = revokedEntry(c.Serial, *c.RevokedAt, c.RevocationReason); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

func (s *Service) revokedAccounts(ctx context.Context) ([]pki.Revoked, error) {
	rows, err := s.store.RevokedAccounts(ctx)
	if err != nil {
		return nil, err
	}
	entries := make([]pki.Revoked, 0, len(rows))
	for _, a := range rows {
		if a.NotAfter.Before(s.now()) {
			continue
		}
		e, err := revokedEntry(a.Serial, *a.RevokedAt, 0)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func revokedEntry(serial string, at time.Time, reason int) (pki.Revoked, error) {
	n, ok := new(big.Int).SetString(serial, 16)
	if !ok {
		return pki.Revoked{}, fmt.Errorf("stored serial number %q is not hexadecimal", serial)
	}
	return pki.Revoked{Serial: n, At: at, Reason: reason}, nil
}
