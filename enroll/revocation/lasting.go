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

// lateClocks is how far behind ours the clock of a client may be, which refuses
// lists from the future.
const lateClocks = time.Minute

// Accounts returns the accounts that have a lasting CRL.
func (s *Service) Accounts(ctx context.Context) ([]store.RevokingAccount, error) {
	accounts, err := s.store.RevokingAccounts(ctx, s.now())
	if err != nil {
		return nil, fmt.Errorf("listing the accounts with revoked devices: %w", err)
	}
	return accounts, nil
}

// LastingCRL returns the revocation list (DER) of an account that is good until
// the account certificate ends, and the same, byte for byte, until another
// device is revoked: clients keep, and put into the DHT again, each list of
// their account that they ever met there. Errors: ErrNotFound, also for an
// account that revoked nothing; ErrBusy; any other is a fault of the server.
func (s *Service) LastingCRL(ctx context.Context, accountID string) ([]byte, error) {
	user, err := s.store.UserByAccountID(ctx, accountID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("looking for account %s: %w", accountID, err)
	}
	rows, err := s.store.RevokedCertificates(ctx, user.ID, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("listing the revoked devices of account %s: %w", accountID, err)
	}
	newest, entries, err := standing(rows)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, ErrNotFound
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	signer, err := s.accounts.Signer(ctx, user)
	if err != nil {
		return nil, err
	}
	// Clients know lists by their numbers. These are not those of the lists that
	// CRL returns, which are small.
	number := big.NewInt(newest.UnixMilli())
	der, err := signer.Issuer.CreateCRL(number, newest.Add(-lateClocks), signer.Issuer.Certificate.NotAfter, entries)
	if err != nil {
		return nil, fmt.Errorf("signing the lasting CRL of account %s: %w", accountID, err)
	}
	return der, nil
}

// standing returns the time of the newest revocation and what was revoked then,
// without the certificates that had ended by their own.
func standing(rows []store.IssuedCertificate) (newest time.Time, entries []pki.Revoked, err error) {
	for _, c := range rows {
		if c.RevokedAt.After(newest) {
			newest = c.RevokedAt.UTC()
		}
	}
	for _, c := range rows {
		if !c.NotAfter.After(newest) {
			continue
		}
		e, err := revokedEntry(c.Serial, *c.RevokedAt, c.RevocationReason)
		if err != nil {
			return newest, nil, err
		}
		entries = append(entries, e)
	}
	return newest, entries, nil
}
