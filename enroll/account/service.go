// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"jamibox/enroll/audit"
	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

var (
	// ErrNotFound tells that there is no such user.
	ErrNotFound = errors.New("there is no such user")
	// ErrTaken tells that the name is or was another user's.
	ErrTaken = errors.New("the name is taken; names of former users stay reserved, since clients remember whose they were")
	// ErrRevoked tells that the user was revoked, which is for good.
	ErrRevoked = errors.New("the user is revoked; this is for good")
)

// Bar is told which devices may no longer use the relay, and which may again.
type Bar interface {
	Deny(deviceID string)
	Allow(deviceID string)
}

// Service manages users. It is safe for concurrent use.
type Service struct {
	store  *store.Store
	box    *seal.Box
	org    *organization.Holder
	keys   *KeyPool
	audit  *audit.Log
	bar    Bar
	hasher hasher
	slow   *slowdown
	// remembered spares users, not administrators, a second hash.
	remembered *remembered
	// sources are asked for users that are not kept here.
	sources Sources
	logger  *slog.Logger
	now     func() time.Time
}

// New returns the service. bar must not be nil.
func New(s *store.Store, box *seal.Box, org *organization.Holder, keys *KeyPool, log *audit.Log, bar Bar, logger *slog.Logger) *Service {
	return &Service{
		store: s, box: box, org: org, keys: keys, audit: log, bar: bar,
		hasher: newHasher(), slow: newSlowdown(), remembered: newRemembered(), sources: localOnly{}, logger: logger, now: time.Now,
	}
}

// NewUser is what is needed to create a user.
type NewUser struct {
	Username string
	Password string
	Profile  Profile
}

// Create makes a user with a Jami account: key, certificate and profile are
// stored together or not at all. Errors: ErrInvalid, ErrTaken,
// organization.ErrNotSetUp.
func (s *Service) Create(ctx context.Context, n NewUser) (store.User, error) {
	if _, err := s.org.Current(); err != nil {
		return store.User{}, err
	}
	username, err := checkName(n.Username)
	if err != nil {
		return store.User{}, err
	}
	profile, err := n.Profile.check()
	if err != nil {
		return store.User{}, err
	}
	if err := checkPassword(n.Password); err != nil {
		return store.User{}, err
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	if err != nil {
		return store.User{}, err
	}
	draft := store.User{Username: username, Folded: Fold(username), PasswordHash: hash}
	profile.apply(&draft)
	return s.create(ctx, draft, profile.Picture, "")
}

// checkFree returns ErrTaken if the name is or was a user's.
func (s *Service) checkFree(ctx context.Context, username, folded string) error {
	taken, err := s.store.NameTaken(ctx, folded, 0)
	if err != nil {
		return fmt.Errorf("looking for user %q: %w", username, err)
	}
	if taken {
		return fmt.Errorf("%q: %w", username, ErrTaken)
	}
	return nil
}

// create stores a user, of whom name, password and profile are given, with a
// Jami account. origin is for the audit log.
func (s *Service) create(ctx context.Context, user store.User, picture []byte, origin string) (store.User, error) {
	org, err := s.org.Current()
	if err != nil {
		return store.User{}, err
	}
	// Before a key is spent.
	if err := s.checkFree(ctx, user.Username, user.Folded); err != nil {
		return store.User{}, err
	}
	key, err := s.keys.take(ctx, org.AccountKeyBits)
	if err != nil {
		return store.User{}, err
	}
	accountID, err := pki.AccountID(key.Public())
	if err != nil {
		return store.User{}, err
	}
	cert, err := org.CA.IssueAccount(&key.PublicKey, user.Username, pki.ValidFor(s.now(), org.AccountLifetime.Duration()), pki.URLs{})
	if err != nil {
		return store.User{}, fmt.Errorf("issuing the account certificate of %q: %w", user.Username, err)
	}
	der, err := pki.MarshalPrivateKey(key)
	if err != nil {
		return store.User{}, fmt.Errorf("encoding the account key of %q: %w", user.Username, err)
	}
	now := s.now().UTC()
	user.AccountID, user.State, user.CreatedAt, user.ChangedAt = accountID, store.UserActive, now, now
	err = s.store.CreateUser(ctx, &user, store.Account{
		SealedKey:   s.box.Seal(der, accountKeyContext(accountID)),
		Certificate: cert.Raw, Serial: cert.SerialNumber.Text(16), NotAfter: cert.NotAfter.UTC(),
	}, picture)
	if errors.Is(err, store.ErrExists) {
		return store.User{}, fmt.Errorf("%q: %w", user.Username, ErrTaken)
	}
	if err != nil {
		return store.User{}, fmt.Errorf("storing user %q: %w", user.Username, err)
	}
	s.audit.Record(ctx, "user created", user.Username, strings.TrimSpace(accountID+" "+origin))
	return user, nil
}

func accountKeyContext(accountID string) string { return "account key " + accountID }

// Find returns the user with this name, in any case.
func (s *Service) Find(ctx context.Context, username string) (store.User, error) {
	user, err := s.store.UserByName(ctx, Fold(username))
	if errors.Is(err, store.ErrNotFound) {
		return user, fmt.Errorf("%q: %w", strings.TrimSpace(username), ErrNotFound)
	}
	if err != nil {
		return user, fmt.Errorf("looking for user %q: %w", username, err)
	}
	return user, nil
}

// SetPassword gives the user a new password and ends the user's own sessions;
// devices stay enrolled. Errors: ErrNotFound, ErrRevoked, ErrElsewhere,
// ErrInvalid.
func (s *Service) SetPassword(ctx context.Context, username, password string) error {
	user, err := s.Find(ctx, username)
	if err != nil {
		return err
	}
	if user.State == store.UserRevoked {
		return fmt.Errorf("%q: %w", user.Username, ErrRevoked)
	}
	if user.SourceID != nil {
		return fmt.Errorf("%q: %w", user.Username, ErrElsewhere)
	}
	if err := checkPassword(password); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	if err := s.store.SetPasswordHash(ctx, user.ID, hash); err != nil {
		return fmt.Errorf("storing the password of %q: %w", user.Username, err)
	}
	s.slow.forgive(user.Folded)
	s.audit.Record(ctx, "password changed", user.Username, "")
	return nil
}

// SetEnabled disables or enables a user. A disabled user's devices keep their
// identity but get no service, until the user is enabled again.
func (s *Service) SetEnabled(ctx context.Context, username string, enabled bool) error {
	user, err := s.Find(ctx, username)
	if err != nil {
		return err
	}
	state, action := store.UserDisabled, "user disabled"
	if enabled {
		state, action = store.UserActive, "user enabled"
	}
	err = s.store.SetUserState(ctx, user.ID, state)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%q: %w", user.Username, ErrRevoked)
	}
	if err != nil {
		return fmt.Errorf("storing the state of %q: %w", user.Username, err)
	}
	s.audit.Record(ctx, action, user.Username, "")
	return s.tellBar(ctx, user, enabled)
}

// Revoke revokes a user for good, with the account and all devices.
func (s *Service) Revoke(ctx context.Context, username string, reason int) error {
	user, err := s.Find(ctx, username)
	if err != nil {
		return err
	}
	if err := s.store.RevokeUser(ctx, user, reason, s.now()); err != nil {
		return fmt.Errorf("revoking %q: %w", user.Username, err)
	}
	s.audit.Record(ctx, "user revoked", user.Username, fmt.Sprintf("reason %d", reason))
	return s.tellBar(ctx, user, false)
}

// tellBar tells the relay about the devices of a user; devices that were
// revoked themselves are never allowed again.
func (s *Service) tellBar(ctx context.Context, user store.User, allow bool) error {
	devices, err := s.store.DevicesOf(ctx, user.ID)
	if err != nil {
		return fmt.Errorf("listing the devices of %q: %w", user.Username, err)
	}
	for _, d := range devices {
		if !allow {
			s.bar.Deny(d.DeviceID)
		} else if d.RevokedAt == nil {
			s.bar.Allow(d.DeviceID)
		}
	}
	if !allow {
		return nil
	}
	// A device or the user may have been barred since the list was read.
	barred, err := s.store.BarredDevices(ctx)
	if err != nil {
		return fmt.Errorf("listing the barred devices: %w", err)
	}
	for _, id := range barred {
		s.bar.Deny(id)
	}
	return nil
}
