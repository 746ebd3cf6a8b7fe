// SPDX-License-Identifier: GPL-3.0-or-later

package device

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/pki"
	"jamibox/enroll/receipt"
	"jamibox/enroll/store"
)

// Request is a client's wish to be enrolled.
type Request struct {
	// CSR is PEM (RFC 2986); of it only the key is believed.
	CSR       []byte
	Name      string
	UserAgent string
}

// Enrolment is what an enrolled client gets.
type Enrolment struct {
	Device store.Device
	// Chain is PEM: device, account, organisation CA.
	Chain   string
	Receipt receipt.Receipt
}

// Enrol makes a device of the user from a CSR and stores it before it returns.
// The same key may enrol again and gets a fresh certificate; its previous one
// stays good until the new one was used, since this answer may get lost.
// A device whose key is known is never one too many. Errors: pki.ErrBadRequest,
// ErrRevoked, ErrForeign, ErrTooMany, what Admission refuses with,
// account.ErrCredentials (the user was disabled meanwhile),
// organization.ErrNotSetUp; any other is a fault of the server.
func (s *Service) Enrol(ctx context.Context, user store.User, r Request) (Enrolment, error) {
	org, err := s.org.Current()
	if err != nil {
		return Enrolment{}, err
	}
	csr, err := pki.ParseDeviceRequest(r.CSR)
	if err != nil {
		return Enrolment{}, err
	}
	// Refused before anything is signed; EnrolDevice has the last word.
	if known, err := s.store.DeviceByID(ctx, csr.DeviceID); err == nil {
		if err := usable(known, user); err != nil {
			return Enrolment{}, err
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return Enrolment{}, fmt.Errorf("looking for device %s: %w", csr.DeviceID, err)
	}
	limit, err := s.admit(ctx, user)
	if err != nil {
		return Enrolment{}, err
	}
	now := s.now().UTC()
	signer, err := s.accounts.RenewedSigner(ctx, user, now.Add(org.DeviceLifetime.Duration()))
	if err != nil {
		return Enrolment{}, err
	}
	cert, err := signer.Issuer.IssueDevice(csr, pki.ValidFor(now, org.DeviceLifetime.Duration()), s.urls(user.AccountID))
	if err != nil {
		return Enrolment{}, fmt.Errorf("issuing the certificate of device %s: %w", csr.DeviceID, err)
	}
	rec, err := receipt.New(signer.Key, csr.PublicKey)
	if err != nil {
		return Enrolment{}, fmt.Errorf("making the receipt of device %s: %w", csr.DeviceID, err)
	}
	above, err := s.accounts.Chain(signer)
	if err != nil {
		return Enrolment{}, err
	}
	name := cleanAlias(r.Name)
	if name == "" {
		name = "Jami device"
	}
	remote := audit.ActorOf(ctx).Remote
	fingerprint := sha256.Sum256(cert.Raw)
	d, err := s.store.EnrolDeviceWithin(ctx, store.Device{
		UserID: user.ID, DeviceID: csr.DeviceID, ShortID: csr.ShortID, Alias: name,
		UserAgent: clip(r.UserAgent), Remote: remote, CreatedAt: now, LastSeenAt: now,
	}, store.Certificate{
		Serial: cert.SerialNumber.Text(16), Fingerprint: fingerprint[:], DER: cert.Raw,
		NotAfter: cert.NotAfter.UTC(), IssuedAt: now,
	}, limit)
	switch {
	case errors.Is(err, store.ErrForeignDevice):
		return Enrolment{}, ErrForeign
	case errors.Is(err, store.ErrRevokedDevice):
		return Enrolment{}, ErrRevoked
	case errors.Is(err, store.ErrDeviceLimit):
		err := fmt.Errorf("%w (%d): revoke one that you do not use any more, or ask the administrator", ErrTooMany, limit)
		s.refused(ctx, user, err)
		return Enrolment{}, err
	case errors.Is(err, store.ErrInactiveUser):
		return Enrolment{}, account.ErrCredentials
	case err != nil:
		return Enrolment{}, fmt.Errorf("storing device %s: %w", csr.DeviceID, err)
	}
	s.audit.Record(ctx, "device enrolled", d.DeviceID, fmt.Sprintf("user %s, name %s", user.Username, d.Alias))
	return Enrolment{
		Device: d, Chain: pki.ChainPEM(append([]*x509.Certificate{cert}, above...)...), Receipt: rec,
	}, nil
}

// admit returns how many devices the user may have, or why the user may not
// enrol any.
func (s *Service) admit(ctx context.Context, user store.User) (int, error) {
	if err := s.admission.MayEnrol(ctx, user); err != nil {
		s.refused(ctx, user, err)
		return 0, err
	}
	limit, err := s.admission.DeviceLimit(ctx, user)
	if err != nil {
		return 0, fmt.Errorf("asking how many devices %q may have: %w", user.Username, err)
	}
	return limit, nil
}

// refused tells the administrator why a person with the right password did not
// get a device.
func (s *Service) refused(ctx context.Context, user store.User, err error) {
	s.logger.Warn("enrolment refused", "user", user.Username, "remote", audit.ActorOf(ctx).Remote, "err", err)
}

func usable(known store.Device, user store.User) error {
	switch {
	case known.UserID != user.ID:
		return ErrForeign
	case known.RevokedAt != nil:
		return ErrRevoked
	}
	return nil
}
