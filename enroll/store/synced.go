// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// SyncedEntry is one item of the lists that a user's devices share; Body is JSON.
type SyncedEntry struct {
	UserID    int64  `gorm:"primaryKey"`
	Kind      string `gorm:"primaryKey"`
	EntryKey  string `gorm:"primaryKey"`
	Body      string
	ChangedAt time.Time
}

// SyncEntries hands the user's stored entries of a kind to merge, stores what
// it returns as changed, and leaves out nothing that two devices send at once:
// read and write are one transaction.
func (s *Store) SyncEntries(ctx context.Context, userID int64, kind string,
	merge func(stored []SyncedEntry) (changed []SyncedEntry, err error),
) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		stored, err := all[SyncedEntry](tx.Where("user_id = ? AND kind = ?", userID, kind).Order("entry_key"))
		if err != nil {
			return err
		}
		changed, err := merge(stored)
		if err != nil || len(changed) == 0 {
			return err
		}
		now := time.Now().UTC()
		for i := range changed {
			changed[i].UserID, changed[i].Kind, changed[i].ChangedAt = userID, kind, now
		}
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(changed, 100).Error
	})
}
