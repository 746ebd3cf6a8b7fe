// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
)

// Device is a Jami client of a user, known by its key.
type Device struct {
	ID     int64
	UserID int64
	// DeviceID is SHA-256 of the key's SubjectPublicKeyInfo, 64 hex digits.
	DeviceID string
	// ShortID is SHA-1 of the same, 40 hex digits.
	ShortID    string
	Alias      string
	UserAgent  string
	Remote     string
	CreatedAt  time.Time
	LastSeenAt time.Time
	// NotAfter is the end of the newest certificate.
	NotAfter time.Time
	// ReplacedAt is set when the same machine came back with another key after
	// this one's certificate had expired.
	ReplacedAt *time.Time
	RevokedAt  *time.Time
	// RevocationReason is a CRLReason (RFC 5280, section 5.3.1).
	RevocationReason int
}

// Certificate is one that was issued to a device.
type Certificate struct {
	ID        int64
	DeviceRow int64
	// Serial is lower-case hex.
	Serial string
	// Fingerprint is SHA-256 of DER.
	Fingerprint []byte
	DER         []byte
	NotAfter    time.Time
	IssuedAt    time.Time
	// UsedAt is the first login with this certificate.
	UsedAt *time.Time
	// SupersededAt is set when a newer certificate of the device was used.
	SupersededAt *time.Time
}

// ErrForeignDevice tells that the key is enrolled for another user.
var ErrForeignDevice = errors.New("the device key belongs to another user")

// ErrRevokedDevice tells that the device was revoked.
var ErrRevokedDevice = errors.New("the device was revoked")

// ErrInactiveUser tells that the user was disabled or revoked meanwhile.
var ErrInactiveUser = errors.New("the user is not active")

// ErrDeviceLimit tells that the user has as many devices as allowed.
var ErrDeviceLimit = errors.New("the user has as many devices as allowed")

// EnrolDevice is EnrolDeviceWithin without a limit.
func (s *Store) EnrolDevice(ctx context.Context, d Device, c Certificate) (Device, error) {
	return s.EnrolDeviceWithin(ctx, d, c, 0)
}

// EnrolDeviceWithin stores a certificate for a device, all or nothing, and makes the
// device if its key is new. Devices of the user with the same alias whose
// certificates have all ended are marked as replaced. The checks stand in the
// same transaction as the writes, so that a revocation at the same moment is
// either seen here or comes after, and two new devices cannot both be the last
// that limit allows; 0 is no limit. A device whose key is known is never one
// too many. Errors: ErrForeignDevice, ErrRevokedDevice, ErrInactiveUser,
// ErrDeviceLimit.
func (s *Store) EnrolDeviceWithin(ctx context.Context, d Device, c Certificate, limit int) (Device, error) {
	err := s.tx(ctx, func(tx *gorm.DB) error {
		user, err := one[User](tx.Select("state", "barred_at").Where("id = ?", d.UserID))
		if err != nil {
			return err
		}
		if !user.Served() {
			return ErrInactiveUser
		}
		d.NotAfter = c.NotAfter
		known, err := one[Device](tx.Where("device_id = ?", d.DeviceID))
		switch {
		case errors.Is(err, ErrNotFound):
			if err := tx.Model(&Device{}).
				Where("user_id = ? AND alias = ? AND not_after <= ? AND revoked_at IS NULL AND replaced_at IS NULL",
					d.UserID, d.Alias, c.IssuedAt).
				Update("replaced_at", c.IssuedAt).Error; err != nil {
				return err
			}
			if err := roomForDevice(tx, d.UserID, limit, c.IssuedAt); err != nil {
				return err
			}
			if err := tx.Create(&d).Error; err != nil {
				return err
			}
		case err != nil:
			return err
		case known.UserID != d.UserID:
			return ErrForeignDevice
		case known.RevokedAt != nil:
			return ErrRevokedDevice
		default:
			d.ID, d.CreatedAt = known.ID, known.CreatedAt
			if err := tx.Model(&Device{}).Where("id = ?", d.ID).Updates(map[string]any{
				"alias": d.Alias, "user_agent": d.UserAgent, "remote": d.Remote,
				"last_seen_at": d.LastSeenAt, "not_after": d.NotAfter, "replaced_at": nil,
			}).Error; err != nil {
				return err
			}
		}
		c.DeviceRow = d.ID
		return tx.Create(&c).Error
	})
	return d, err
}

// roomForDevice returns ErrDeviceLimit if a user has limit devices that could
// still log in; 0 is no limit.
func roomForDevice(tx *gorm.DB, userID int64, limit int, now time.Time) error {
	if limit == 0 {
		return nil
	}
	var n int64
	err := tx.Model(&Device{}).
		Where("user_id = ? AND revoked_at IS NULL AND replaced_at IS NULL AND not_after > ?", userID, now.UTC()).
		Count(&n).Error
	if err == nil && n >= int64(limit) {
		return ErrDeviceLimit
	}
	return err
}

// DeviceByID returns the device with the 64-digit id.
func (s *Store) DeviceByID(ctx context.Context, deviceID string) (Device, error) {
	return one[Device](s.read.WithContext(ctx).Where("device_id = ?", deviceID))
}

// DeviceByRow returns the device with the row id.
func (s *Store) DeviceByRow(ctx context.Context, row int64) (Device, error) {
	return one[Device](s.read.WithContext(ctx).Where("id = ?", row))
}

// DevicesOf returns the devices of a user, oldest first.
func (s *Store) DevicesOf(ctx context.Context, userID int64) ([]Device, error) {
	return all[Device](s.read.WithContext(ctx).Where("user_id = ?", userID).Order("id"))
}

// BarredDevices returns the 64-digit ids of all devices that may not use the
// services: revoked ones, and those of users who are not served.
func (s *Store) BarredDevices(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.read.WithContext(ctx).Model(&Device{}).
		Joins("JOIN users u ON u.id = devices.user_id").
		Where("devices.revoked_at IS NOT NULL OR u.state <> ? OR u.barred_at IS NOT NULL", UserActive).
		Pluck("device_id", &ids).Error
	return ids, err
}

// RenameDevice stores a device's new alias.
func (s *Store) RenameDevice(ctx context.Context, row int64, alias string) error {
	return changed(s.write.WithContext(ctx).Model(&Device{}).Where("id = ?", row).Update("alias", alias))
}

// RevokeDevice marks a device of the account as revoked, ends its tokens and
// makes the account's revocation list stale. A device revoked before keeps its
// first time and reason.
func (s *Store) RevokeDevice(ctx context.Context, row int64, accountID string, reason int, now time.Time) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("device_row = ?", row).Delete(&Token{}).Error; err != nil {
			return err
		}
		if err := tx.Model(&Device{}).Where("id = ? AND revoked_at IS NULL", row).
			Updates(map[string]any{"revoked_at": now.UTC(), "revocation_reason": reason}).Error; err != nil {
			return err
		}
		return tx.Model(&RevocationList{}).Where("issuer = ?", accountID).Update("stale", true).Error
	})
}

// CountDevices returns how many devices are enrolled and not revoked or replaced.
func (s *Store) CountDevices(ctx context.Context) (int, error) {
	var n int64
	err := s.read.WithContext(ctx).Model(&Device{}).Where("revoked_at IS NULL AND replaced_at IS NULL").Count(&n).Error
	return int(n), err
}
