// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"

	"gorm.io/gorm"
)

// EntryQuery selects people as the last synchronisation saw them.
type EntryQuery struct {
	// Words must all occur in the search text.
	Words []string
	// SourceID limits the answer to a source; 0 does not.
	SourceID      int64
	Offset, Limit int
}

// EntryAccount is a person of a directory with the account here, if any.
type EntryAccount struct {
	DirectoryEntry
	// AccountName and AccountID are empty for a person without an account.
	AccountName, AccountID string
}

// Entries returns a page of the matching people in the order of their names,
// and how many there are in all.
func (s *Store) Entries(ctx context.Context, q EntryQuery) ([]EntryAccount, int, error) {
	match := func() *gorm.DB {
		db := s.read.WithContext(ctx).Table("directory_entries")
		if q.SourceID != 0 {
			db = db.Where("directory_entries.source_id = ?", q.SourceID)
		}
		for _, w := range q.Words {
			db = db.Where("instr(directory_entries.search_text, ?) > 0", w)
		}
		return db
	}
	var total int64
	if err := match().Count(&total).Error; err != nil {
		return nil, 0, err
	}
	rows, err := all[EntryAccount](match().
		Joins("LEFT JOIN users ON users.id = directory_entries.user_id").
		Select("directory_entries.*, coalesce(users.username, '') AS account_name, coalesce(users.account_id, '') AS account_id").
		Order("directory_entries.folded, directory_entries.id").Offset(q.Offset).Limit(q.Limit))
	return rows, int(total), err
}
