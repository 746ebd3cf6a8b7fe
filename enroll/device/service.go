// SPDX-License-Identifier: GPL-3.0-or-later

package device

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"
	"unicode"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
	"jamibox/enroll/store"
)

var (
	// ErrNotFound tells that there is no such device.
	ErrNotFound = errors.New("there is no such device")
	// ErrRevoked tells that the device was revoked; its key is refused for ever.
	ErrRevoked = errors.New("the device was revoked")
	// ErrForeign tells that the device key is enrolled for another user.
	ErrForeign = errors.New("the device key belongs to another user")
	// ErrTooMany tells that the user has as many devices as allowed.
	ErrTooMany = errors.New("you have as many devices as you may")
	// ErrInvalid tells that a value given by a person cannot be used.
	ErrInvalid = errors.New("invalid value")
)

// Admission says who may enrol. It is safe for concurrent use.
type Admission interface {
	// MayEnrol returns nil, or why the user may not enrol any device.
	MayEnrol(ctx context.Context, user store.User) error
	// DeviceLimit returns how many devices the user may have; 0 is no limit.
	DeviceLimit(ctx context.Context, user store.User) (int, error)
}

// Service manages devices. It is safe for concurrent use.
type Service struct {
	store     *store.Store
	accounts  *account.Service
	admission Admission
	org       *organization.Holder
	audit     *audit.Log
	bar       account.Bar
	urls      func(accountID string) pki.URLs
	breaker   *Breaker
	logger    *slog.Logger
	now       func() time.Time
}

// New returns the service. urls gives the revocation URLs that go into the
// certificates of an account's devices; admission and bar must not be nil.
func New(s *store.Store, accounts *account.Service, admission Admission, org *organization.Holder, log *audit.Log, bar account.Bar,
	urls func(accountID string) pki.URLs, logger *slog.Logger,
) *Service {
	return &Service{
		store: s, accounts: accounts, admission: admission, org: org, audit: log, bar: bar, urls: urls,
		breaker: NewBreaker(s.CountDevices), logger: logger, now: time.Now,
	}
}

// Breaker returns the breaker of the service, for the status page.
func (s *Service) Breaker() *Breaker { return s.breaker }

// List returns the devices of a user, oldest first.
func (s *Service) List(ctx context.Context, user store.User) ([]store.Device, error) {
	devices, err := s.store.DevicesOf(ctx, user.ID)
	if err != nil {
		return nil, fmt.Errorf("listing the devices of %q: %w", user.Username, err)
	}
	return devices, nil
}

// State says what has become of a device: "active", "revoked", "replaced" or
// "expired".
func (s *Service) State(d store.Device) string {
	switch {
	case d.RevokedAt != nil:
		return "revoked"
	case d.ReplacedAt != nil:
		return "replaced"
	case s.now().After(d.NotAfter):
		return "expired"
	}
	return "active"
}

// find returns a device, which must belong to owner unless that is nil.
func (s *Service) find(ctx context.Context, owner *store.User, deviceID string) (store.Device, error) {
	deviceID = strings.ToLower(deviceID)
	d, err := s.store.DeviceByID(ctx, deviceID)
	if errors.Is(err, store.ErrNotFound) || err == nil && owner != nil && d.UserID != owner.ID {
		return d, fmt.Errorf("%q: %w", clip(deviceID), ErrNotFound)
	}
	if err != nil {
		return d, fmt.Errorf("looking for device %q: %w", deviceID, err)
	}
	return d, nil
}

// Rename gives a device another name. owner nil means any device.
func (s *Service) Rename(ctx context.Context, owner *store.User, deviceID, name string) error {
	d, err := s.find(ctx, owner, deviceID)
	if err != nil {
		return err
	}
	alias := cleanAlias(name)
	if alias == "" {
		return fmt.Errorf("%w: the device name is empty", ErrInvalid)
	}
	if err := s.store.RenameDevice(ctx, d.ID, alias); err != nil {
		return fmt.Errorf("renaming device %s: %w", d.DeviceID, err)
	}
	s.audit.Record(ctx, "device renamed", d.DeviceID, alias)
	return nil
}

// Revoke revokes a device for good; reason is a CRLReason (RFC 5280, section
// 5.3.1). owner nil means any device. A revoked device stays revoked.
func (s *Service) Revoke(ctx context.Context, owner *store.User, deviceID string, reason int) error {
	if reason < 0 || reason > 10 || reason == 7 || reason == 8 {
		return fmt.Errorf("%w: %d is no revocation reason (0 to 6, 9 or 10)", ErrInvalid, reason)
	}
	d, err := s.find(ctx, owner, deviceID)
	if err != nil {
		return err
	}
	user, err := s.store.UserByID(ctx, d.UserID)
	if err != nil {
		return fmt.Errorf("reading the user of device %s: %w", d.DeviceID, err)
	}
	if err := s.store.RevokeDevice(ctx, d.ID, user.AccountID, reason, s.now()); err != nil {
		return fmt.Errorf("revoking device %s: %w", d.DeviceID, err)
	}
	s.bar.Deny(d.DeviceID)
	s.audit.Record(ctx, "device revoked", d.DeviceID, fmt.Sprintf("user %s, reason %d", user.Username, reason))
	return nil
}

const maxAliasRunes = 64

var spaces = regexp.MustCompile(`\s+`)

// cleanAlias makes a name of what a machine calls itself: it is never a reason
// to refuse an enrolment.
func cleanAlias(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = spaces.ReplaceAllString(name, " ")
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimSpace(name)
	if runes := []rune(name); len(runes) > maxAliasRunes {
		name = string(runes[:maxAliasRunes])
	}
	return name
}

// clip bounds what a stranger can write into the log.
func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "..."
	}
	return text
}
