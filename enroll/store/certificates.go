// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
)

// Credential is a device certificate with its device and user.
type Credential struct {
	Certificate Certificate
	Device      Device
	User        User
}

// CredentialByFingerprint returns the certificate with the SHA-256 fingerprint,
// its device and its user.
func (s *Store) CredentialByFingerprint(ctx context.Context, fingerprint []byte) (Credential, error) {
	var c Credential
	var err error
	db := s.read.WithContext(ctx)
	if c.Certificate, err = one[Certificate](db.Where("fingerprint = ?", fingerprint)); err != nil {
		return c, err
	}
	if c.Device, err = s.DeviceByRow(ctx, c.Certificate.DeviceRow); err != nil {
		return c, err
	}
	c.User, err = s.UserByID(ctx, c.Device.UserID)
	return c, err
}

// IssuedCertificate is what revocation services need to know of a certificate.
type IssuedCertificate struct {
	Serial           string
	NotAfter         time.Time
	RevokedAt        *time.Time
	RevocationReason int
}

const issuedColumns = "certificates.serial, certificates.not_after, d.revoked_at, d.revocation_reason"

// IssuedCertificate returns the certificate with this serial that the user's
// account has issued.
func (s *Store) IssuedCertificate(ctx context.Context, userID int64, serial string) (IssuedCertificate, error) {
	var row IssuedCertificate
	err := s.read.WithContext(ctx).Model(&Certificate{}).Select(issuedColumns).
		Joins("JOIN devices d ON d.id = certificates.device_row").
		Where("certificates.serial = ? AND d.user_id = ?", serial, userID).Take(&row).Error
	return row, own(err)
}

// RevokedCertificates returns the certificates of the user's revoked devices
// that have not ended by their own at now.
func (s *Store) RevokedCertificates(ctx context.Context, userID int64, now time.Time) ([]IssuedCertificate, error) {
	var rows []IssuedCertificate
	err := s.read.WithContext(ctx).Model(&Certificate{}).Select(issuedColumns).
		Joins("JOIN devices d ON d.id = certificates.device_row").
		Where("d.user_id = ? AND d.revoked_at IS NOT NULL AND certificates.not_after > ?", userID, now.UTC()).
		Order("certificates.id").Scan(&rows).Error
	return rows, err
}

// Login stores a device token, notes the device's visit, and, at the first use
// of a certificate, ends the device's older ones.
func (s *Store) Login(ctx context.Context, c Credential, token Token, userAgent, remote string, now time.Time) error {
	now = now.UTC()
	return s.tx(ctx, func(tx *gorm.DB) error {
		if c.Certificate.UsedAt == nil {
			if err := tx.Model(&Certificate{}).Where("id = ?", c.Certificate.ID).Update("used_at", now).Error; err != nil {
				return err
			}
			if err := tx.Model(&Certificate{}).
				Where("device_row = ? AND id < ? AND superseded_at IS NULL", c.Device.ID, c.Certificate.ID).
				Update("superseded_at", now).Error; err != nil {
				return err
			}
		}
		// The revocation may have come between the caller's look and this moment.
		err := changed(tx.Model(&Device{}).Where("id = ? AND revoked_at IS NULL", c.Device.ID).Updates(map[string]any{
			"last_seen_at": now, "user_agent": userAgent, "remote": remote,
		}))
		if errors.Is(err, ErrNotFound) {
			return ErrRevokedDevice
		}
		if err != nil {
			return err
		}
		return tx.Create(&token).Error
	})
}
