// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"

	"gorm.io/gorm"
)

// AccountKey is a sealed account key made ahead of its user.
type AccountKey struct {
	ID        int64
	Bits      int
	SealedKey []byte
}

// AddAccountKey puts a sealed key into the pool.
func (s *Store) AddAccountKey(ctx context.Context, key AccountKey) error {
	return s.write.WithContext(ctx).Create(&key).Error
}

// TakeAccountKey removes a key of the given size from the pool and returns it,
// or ErrNotFound when none is left.
func (s *Store) TakeAccountKey(ctx context.Context, bits int) (AccountKey, error) {
	var key AccountKey
	err := s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("bits = ?", bits).Order("id").Take(&key).Error; err != nil {
			return err
		}
		return tx.Delete(&key).Error
	})
	return key, err
}

// CountAccountKeys returns how many keys of the size lie in the pool.
func (s *Store) CountAccountKeys(ctx context.Context, bits int) (int, error) {
	var n int64
	err := s.read.WithContext(ctx).Model(&AccountKey{}).Where("bits = ?", bits).Count(&n).Error
	return int(n), err
}
