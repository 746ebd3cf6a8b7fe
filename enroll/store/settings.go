// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Setting is one named value; secrets in it are sealed by the caller.
type Setting struct {
	Name      string `gorm:"primaryKey"`
	Value     []byte
	ChangedAt time.Time
}

// Setting returns the value stored under name, or ErrNotFound.
func (s *Store) Setting(ctx context.Context, name string) ([]byte, error) {
	row, err := one[Setting](s.read.WithContext(ctx).Where("name = ?", name))
	return row.Value, err
}

// SetSetting stores value under name.
func (s *Store) SetSetting(ctx context.Context, name string, value []byte) error {
	return putSetting(s.write.WithContext(ctx), name, value)
}

// SetSettings stores several values at once.
func (s *Store) SetSettings(ctx context.Context, values map[string][]byte) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		for name, value := range values {
			if err := putSetting(tx, name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

func putSetting(db *gorm.DB, name string, value []byte) error {
	return own(db.Clauses(clause.OnConflict{UpdateAll: true}).
		Create(&Setting{Name: name, Value: value, ChangedAt: time.Now().UTC()}).Error)
}

// SetUp stores the first administrator and all settings of the organisation at
// once. It returns ErrExists, and changes nothing, when an administrator is
// there already.
func (s *Store) SetUp(ctx context.Context, admin Administrator, settings map[string][]byte) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		var n int64
		if err := tx.Model(&Administrator{}).Count(&n).Error; err != nil {
			return err
		}
		if n > 0 {
			return ErrExists
		}
		for name, value := range settings {
			if err := putSetting(tx, name, value); err != nil {
				return err
			}
		}
		return tx.Create(&admin).Error
	})
}
