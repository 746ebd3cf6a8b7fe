// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// rowsAtOnce bounds the parameters of a statement that writes whole entries.
const rowsAtOnce = 200

// EntryMark is what a synchronisation must know of a stored entry in order to
// tell whether it changed.
type EntryMark struct {
	ID           int64
	ExternalID   string
	Digest       []byte
	MissingSince *time.Time
	Problem      string
}

// EntryMarks returns the marks of those of the people of a source that are
// stored, by external id.
func (s *Store) EntryMarks(ctx context.Context, sourceID int64, externalIDs []string) (map[string]EntryMark, error) {
	marks := make(map[string]EntryMark, len(externalIDs))
	for some := range slices.Chunk(externalIDs, ownersAtOnce) {
		var rows []EntryMark
		err := s.read.WithContext(ctx).Model(&DirectoryEntry{}).
			Where("source_id = ? AND external_id IN ?", sourceID, some).Scan(&rows).Error
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			marks[r.ExternalID] = r
		}
	}
	return marks, nil
}

// EntriesAfter returns the marks of at most limit entries of a source whose row
// ids are larger than row, in their order.
func (s *Store) EntriesAfter(ctx context.Context, sourceID, row int64, limit int) ([]EntryMark, error) {
	var rows []EntryMark
	err := s.read.WithContext(ctx).Model(&DirectoryEntry{}).
		Where("source_id = ? AND id > ?", sourceID, row).Order("id").Limit(limit).Scan(&rows).Error
	return rows, err
}

// SaveEntries stores entries of people, new or known by source and external id,
// all or nothing. The link to a user is left alone.
func (s *Store) SaveEntries(ctx context.Context, entries []DirectoryEntry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "source_id"}, {Name: "external_id"}},
			DoUpdates: clause.AssignmentColumns([]string{
				"dn", "username", "folded", "first_name", "last_name", "display_name", "emails", "phones", "organization",
				"department", "title", "search_text", "state", "state_reason", "digest", "seen_at", "missing_since", "problem",
			}),
		}).CreateInBatches(entries, rowsAtOnce).Error
	})
}

// LinkEntries links the entries of a source to the users they are of.
func (s *Store) LinkEntries(ctx context.Context, sourceID int64) error {
	// The condition on empty ids is what lets the index be used.
	return s.write.WithContext(ctx).Exec("UPDATE directory_entries SET user_id = u.id FROM users u "+
		"WHERE u.source_id = ? AND u.external_id <> '' AND directory_entries.source_id = u.source_id "+
		"AND directory_entries.external_id = u.external_id AND directory_entries.user_id IS NOT u.id", sourceID).Error
}

// MissEntries notes since when entries are missing. Those of people without an
// account are dropped: nothing depends on them.
func (s *Store) MissEntries(ctx context.Context, rows []int64, since time.Time) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		for some := range slices.Chunk(rows, ownersAtOnce) {
			if err := tx.Where("id IN ? AND user_id IS NULL", some).Delete(&DirectoryEntry{}).Error; err != nil {
				return err
			}
			err := tx.Model(&DirectoryEntry{}).Where("id IN ? AND missing_since IS NULL", some).
				Update("missing_since", since.UTC()).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// SetEntryProblem notes why a person cannot have an account; empty: nothing is
// in the way.
func (s *Store) SetEntryProblem(ctx context.Context, row int64, problem string) error {
	return changed(s.write.WithContext(ctx).Model(&DirectoryEntry{}).Where("id = ?", row).Update("problem", problem))
}

// EntriesWithoutAccount returns at most limit present entries of a source in
// none of the given states with row ids larger than row that have neither a
// user nor a problem, in their order.
func (s *Store) EntriesWithoutAccount(ctx context.Context, sourceID int64, not []string, row int64, limit int) ([]EntryMark, error) {
	var rows []EntryMark
	err := s.read.WithContext(ctx).Model(&DirectoryEntry{}).
		Where("source_id = ? AND id > ? AND user_id IS NULL AND missing_since IS NULL AND problem = '' AND state NOT IN ?", sourceID, row, not).
		Order("id").Limit(limit).Scan(&rows).Error
	return rows, err
}

// LinkEntry notes whose account an entry's is.
func (s *Store) LinkEntry(ctx context.Context, row, userID int64) error {
	return changed(s.write.WithContext(ctx).Model(&DirectoryEntry{}).Where("id = ?", row).Update("user_id", userID))
}

// CountEntries returns how many people of a source are stored, and how many of
// them have no account; those that are missing are left out.
func (s *Store) CountEntries(ctx context.Context, sourceID int64) (people, without int, err error) {
	var n struct{ People, Without int }
	err = s.read.WithContext(ctx).Model(&DirectoryEntry{}).
		Select("count(*) AS people, coalesce(sum(user_id IS NULL), 0) AS without").
		Where("source_id = ? AND missing_since IS NULL", sourceID).Scan(&n).Error
	return n.People, n.Without, err
}

// EntryBySource returns the stored entry of a person of a source.
func (s *Store) EntryBySource(ctx context.Context, sourceID int64, externalID string) (DirectoryEntry, error) {
	return one[DirectoryEntry](s.read.WithContext(ctx).Where("source_id = ? AND external_id = ?", sourceID, externalID))
}
