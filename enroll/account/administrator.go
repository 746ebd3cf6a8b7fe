// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jamibox/enroll/audit"
	"jamibox/enroll/store"
)

// SessionLifetime is how long an administrator stays logged in.
const SessionLifetime = 8 * time.Hour

// NewAdministrator returns the row of a new administrator. Errors: ErrInvalid.
func (s *Service) NewAdministrator(ctx context.Context, name, password string) (store.Administrator, error) {
	name, err := checkName(name)
	if err := errors.Join(err, checkPassword(password)); err != nil {
		return store.Administrator{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	return store.Administrator{Name: name, Folded: Fold(name), PasswordHash: hash, CreatedAt: s.now().UTC()}, err
}

// LoginAdministrator returns a session token. Errors: ErrCredentials,
// ErrTooManyAttempts; any other is a fault of the server.
func (s *Service) LoginAdministrator(ctx context.Context, name, password string) (string, error) {
	remote := audit.ActorOf(ctx).Remote
	// Administrators and users are different people even with the same name.
	key := "admin:" + Fold(name)
	if err := s.slow.wait(ctx, key, remote); err != nil {
		return "", err
	}
	admin, err := s.store.Administrator(ctx, Fold(name))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", fmt.Errorf("looking for an administrator: %w", err)
	}
	hash := admin.PasswordHash
	if hash == "" {
		hash = noHash
	}
	ok := false
	if password != "" && len(password) <= maxPasswordBytes {
		if ok, err = s.hasher.matches(ctx, hash, password); err != nil {
			return "", fmt.Errorf("checking an administrator's password: %w", err)
		}
	}
	if !ok || admin.ID == 0 {
		s.slow.failed(key, remote)
		s.audit.Record(ctx, "administrator login refused", clip(Fold(name)), "")
		return "", ErrCredentials
	}
	s.slow.succeeded(key, remote)
	token, tokenHash := NewToken()
	now := s.now().UTC()
	err = s.store.AddAdministratorSession(ctx, store.AdministratorSession{
		TokenHash: tokenHash, AdministratorID: admin.ID, CreatedAt: now, ExpiresAt: now.Add(SessionLifetime),
	})
	if err != nil {
		return "", fmt.Errorf("storing a session: %w", err)
	}
	s.audit.Record(ctx, "administrator logged in", admin.Name, "")
	return token, nil
}

// Administrator returns whose session a token is. Errors: ErrToken; any other
// is a fault of the server.
func (s *Service) Administrator(ctx context.Context, token string) (store.Administrator, error) {
	admin, err := s.store.AdministratorOf(ctx, hashToken(token), s.now())
	if errors.Is(err, store.ErrNotFound) {
		return admin, ErrToken
	}
	if err != nil {
		return admin, fmt.Errorf("looking for a session: %w", err)
	}
	return admin, nil
}

// LogoutAdministrator ends a session.
func (s *Service) LogoutAdministrator(ctx context.Context, token string) error {
	return s.store.DeleteAdministratorSession(ctx, hashToken(token))
}
