// SPDX-License-Identifier: GPL-3.0-or-later

package device

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/store"
)

var (
	// ErrBadCertificate tells that the presented certificate is known to be
	// bad: revoked, expired, superseded or unknown. Only this may become a
	// 401, on which current clients delete their key.
	ErrBadCertificate = errors.New("the device certificate is not valid any more")
	// ErrUserDisabled tells that the device is good but that its user is
	// disabled, by an administrator or by the directory the user comes from.
	ErrUserDisabled = errors.New("the user is disabled")
	// ErrUncertain tells that a certificate looks bad but that the fault may be
	// the server's: its clock, or a database that lost devices.
	ErrUncertain = errors.New("the certificate cannot be judged at the moment")
)

// Login returns a token of scope DEVICE for the device with this certificate.
// Errors: ErrBadCertificate, ErrUserDisabled, ErrUncertain,
// organization.ErrNotSetUp; any other is a fault of the server.
func (s *Service) Login(ctx context.Context, cert *x509.Certificate, userAgent string) (string, error) {
	org, err := s.org.Current()
	if err != nil {
		return "", err
	}
	now := s.now()
	if now.Before(org.SetUpAt.Add(-time.Hour)) {
		s.logger.Error("the clock stands before the set-up; device logins are answered with 503",
			"now", now, "set_up_at", org.SetUpAt)
		return "", ErrUncertain
	}
	fingerprint := sha256.Sum256(cert.Raw)
	c, err := s.store.CredentialByFingerprint(ctx, fingerprint[:])
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", s.refuse(ctx, fingerprint, "unknown certificate", "")
	case err != nil:
		return "", fmt.Errorf("looking for a certificate: %w", err)
	case c.Device.RevokedAt != nil || c.User.State == store.UserRevoked:
		// An administrator or the owner wanted this one.
		s.logger.Warn("device login refused", "device", c.Device.DeviceID, "user", c.User.Username,
			"reason", "revoked", "remote", audit.ActorOf(ctx).Remote)
		return "", ErrBadCertificate
	case !c.User.Served():
		return "", ErrUserDisabled
	case c.Certificate.SupersededAt != nil:
		return "", s.refuse(ctx, fingerprint, "superseded certificate", c.Device.DeviceID)
	case now.After(c.Certificate.NotAfter):
		return "", s.refuse(ctx, fingerprint, "expired certificate", c.Device.DeviceID)
	}
	token, hash := account.NewToken()
	err = s.store.Login(ctx, c, store.Token{
		TokenHash: hash, UserID: c.User.ID, DeviceRow: &c.Device.ID, Scope: account.ScopeDevice,
		ExpiresAt: now.Add(account.TokenLifetime).UTC(),
	}, clip(userAgent), audit.ActorOf(ctx).Remote, now)
	if errors.Is(err, store.ErrRevokedDevice) {
		return "", ErrBadCertificate
	}
	if err != nil {
		return "", fmt.Errorf("storing the login of device %s: %w", c.Device.DeviceID, err)
	}
	return token, nil
}

// refuse asks the breaker whether a certificate that nobody revoked may be
// called bad.
func (s *Service) refuse(ctx context.Context, fingerprint [32]byte, reason, deviceID string) error {
	allowed, err := s.breaker.Allow(ctx, fingerprint)
	if err != nil {
		return err
	}
	s.logger.Warn("device login refused", "device", deviceID, "reason", reason,
		"remote", audit.ActorOf(ctx).Remote, "breaker_open", !allowed)
	if !allowed {
		return ErrUncertain
	}
	return ErrBadCertificate
}
