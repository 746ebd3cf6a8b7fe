// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ChangeDirectoryGroups stores groups of a source, new or known by key, and
// drops those with the keys in gone.
func (s *Store) ChangeDirectoryGroups(ctx context.Context, sourceID int64, groups []DirectoryGroup, gone []string) error {
	if len(groups) == 0 && len(gone) == 0 {
		return nil
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		for some := range slices.Chunk(gone, ownersAtOnce) {
			if err := tx.Where("source_id = ? AND group_key IN ?", sourceID, some).Delete(&DirectoryGroup{}).Error; err != nil {
				return err
			}
		}
		if len(groups) == 0 {
			return nil
		}
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(groups, rowsAtOnce).Error
	})
}

// MappedGroupKeys returns the keys of a source's groups that are mapped to
// groups here, in order.
func (s *Store) MappedGroupKeys(ctx context.Context, sourceID int64) ([]string, error) {
	var keys []string
	err := s.read.WithContext(ctx).Model(&GroupMapping{}).Distinct("group_key").
		Where("source_id = ?", sourceID).Order("group_key").Pluck("group_key", &keys).Error
	return keys, err
}

// EntriesInGroup returns the external ids of the people who are stored as
// members of a group of a source.
func (s *Store) EntriesInGroup(ctx context.Context, sourceID int64, groupKey string) ([]string, error) {
	var ids []string
	err := s.read.WithContext(ctx).Model(&EntryGroup{}).
		Where("source_id = ? AND group_key = ?", sourceID, groupKey).Pluck("external_id", &ids).Error
	return ids, err
}

// ChangeEntriesInGroup adds people to a group of a source, and takes others out.
func (s *Store) ChangeEntriesInGroup(ctx context.Context, sourceID int64, groupKey string, add, remove []string) error {
	if len(add) == 0 && len(remove) == 0 {
		return nil
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		for some := range slices.Chunk(remove, ownersAtOnce) {
			err := tx.Where("source_id = ? AND group_key = ? AND external_id IN ?", sourceID, groupKey, some).
				Delete(&EntryGroup{}).Error
			if err != nil {
				return err
			}
		}
		rows := make([]EntryGroup, len(add))
		for i, id := range add {
			rows[i] = EntryGroup{SourceID: sourceID, ExternalID: id, GroupKey: groupKey}
		}
		if len(rows) == 0 {
			return nil
		}
		return tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, ownersAtOnce).Error
	})
}

// DropUnmappedMembers forgets the members of a source's groups that are not
// mapped any more.
func (s *Store) DropUnmappedMembers(ctx context.Context, sourceID int64) error {
	return s.write.WithContext(ctx).
		Where("source_id = ? AND group_key NOT IN (SELECT group_key FROM group_mappings WHERE source_id = ?)", sourceID, sourceID).
		Delete(&EntryGroup{}).Error
}

// GroupsOfEntry returns the groups that a person of a source is put into by
// mapped groups, whether or not the person has an account.
func (s *Store) GroupsOfEntry(ctx context.Context, sourceID int64, externalID string) ([]Group, error) {
	return all[Group](s.read.WithContext(ctx).Where("id IN (SELECT m.group_id FROM group_mappings m "+
		"JOIN entry_groups e ON e.source_id = m.source_id AND e.group_key = m.group_key "+
		"WHERE e.source_id = ? AND e.external_id = ?)", sourceID, externalID).Order("folded"))
}
