// SPDX-License-Identifier: GPL-3.0-or-later

package revocation

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
	"jamibox/enroll/store"
)

// ErrNotFound tells that there is no such issuer.
var ErrNotFound = errors.New("there is no such issuer")

// ErrBusy tells that more answers are asked for than can be signed.
var ErrBusy = errors.New("too many requests at the moment")

const (
	// Clients take an answer for this long without asking again.
	ocspLifetime = time.Hour
	maxWaiting   = 256
)

// Service answers for all issuers. It is safe for concurrent use.
type Service struct {
	store    *store.Store
	accounts *account.Service
	org      *organization.Holder
	// signing bounds the RSA work that anyone on the network can cause.
	signing chan struct{}
	waiting chan struct{}
	now     func() time.Time
}

// New returns the service.
func New(s *store.Store, accounts *account.Service, org *organization.Holder) *Service {
	return &Service{
		store: s, accounts: accounts, org: org, now: time.Now,
		signing: make(chan struct{}, runtime.NumCPU()), waiting: make(chan struct{}, maxWaiting),
	}
}

// OCSP answers a request (DER) about devices of an account. The answer is
// always an OCSP response; an error beside it is a fault of the server, to be
// logged.
func (s *Service) OCSP(ctx context.Context, accountID string, der []byte) ([]byte, error) {
	request, err := pki.ParseOCSPRequest(der)
	if err != nil {
		return pki.OCSPError(pki.OCSPMalformedRequest), nil
	}
	user, err := s.store.UserByAccountID(ctx, accountID)
	if errors.Is(err, store.ErrNotFound) {
		return pki.OCSPError(pki.OCSPUnauthorized), nil
	}
	if err != nil {
		return pki.OCSPError(pki.OCSPTryLater), fmt.Errorf("looking for account %s: %w", accountID, err)
	}
	var failed error
	status := func(serial *big.Int) pki.OCSPStatus {
		c, err := s.store.IssuedCertificate(ctx, user.ID, serial.Text(16))
		switch {
		case errors.Is(err, store.ErrNotFound):
			return pki.OCSPStatus{State: pki.OCSPUnknown}
		case err != nil:
			failed = fmt.Errorf("looking for certificate %s: %w", serial.Text(16), err)
			return pki.OCSPStatus{State: pki.OCSPUnknown}
		case c.RevokedAt != nil:
			return pki.OCSPStatus{State: pki.OCSPRevoked, At: *c.RevokedAt, Reason: c.RevocationReason}
		}
		return pki.OCSPStatus{State: pki.OCSPGood}
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return pki.OCSPError(pki.OCSPTryLater), err
	}
	defer release()
	signer, err := s.accounts.Signer(ctx, user)
	if err != nil {
		return pki.OCSPError(pki.OCSPTryLater), err
	}
	now := s.now().UTC()
	answer, err := signer.Issuer.CreateOCSPResponse(request, status, now.Add(-time.Minute), now.Add(ocspLifetime))
	switch {
	case failed != nil:
		// "unknown" would stick to a good device.
		return pki.OCSPError(pki.OCSPTryLater), failed
	case err != nil:
		return pki.OCSPError(pki.OCSPInternalError), fmt.Errorf("signing an OCSP answer: %w", err)
	}
	return answer, nil
}

// acquire waits for a place to sign, or returns ErrBusy.
func (s *Service) acquire(ctx context.Context) (release func(), err error) {
	select {
	case s.waiting <- struct{}{}:
		defer func() { <-s.waiting }()
	default:
		return nil, ErrBusy
	}
	select {
	case s.signing <- struct{}{}:
		return func() { <-s.signing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
