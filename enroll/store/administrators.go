// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"
)

// Administrator may use the admin API.
type Administrator struct {
	ID           int64
	Name         string
	Folded       string
	PasswordHash string
	CreatedAt    time.Time
}

// AdministratorSession is a logged-in administrator.
type AdministratorSession struct {
	TokenHash       []byte `gorm:"primaryKey"`
	AdministratorID int64
	CreatedAt       time.Time
	ExpiresAt       time.Time
}

// Administrator returns the administrator with the folded name.
func (s *Store) Administrator(ctx context.Context, folded string) (Administrator, error) {
	return one[Administrator](s.read.WithContext(ctx).Where("folded = ?", folded))
}

// AddAdministratorSession stores a session and drops those that ended.
func (s *Store) AddAdministratorSession(ctx context.Context, session AdministratorSession) error {
	db := s.write.WithContext(ctx)
	if err := db.Where("expires_at < ?", time.Now().UTC()).Delete(&AdministratorSession{}).Error; err != nil {
		return err
	}
	return own(db.Create(&session).Error)
}

// AdministratorOf returns the administrator whose session has this token hash
// and has not ended at now.
func (s *Store) AdministratorOf(ctx context.Context, tokenHash []byte, now time.Time) (Administrator, error) {
	return one[Administrator](s.read.WithContext(ctx).
		Joins("JOIN administrator_sessions s ON s.administrator_id = administrators.id").
		Where("s.token_hash = ? AND s.expires_at > ?", tokenHash, now.UTC()))
}

// DeleteAdministratorSession ends a session; an unknown one is no error.
func (s *Store) DeleteAdministratorSession(ctx context.Context, tokenHash []byte) error {
	return s.write.WithContext(ctx).Where("token_hash = ?", tokenHash).Delete(&AdministratorSession{}).Error
}
