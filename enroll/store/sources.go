// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// Source is where users come from: the users made here, or a directory.
type Source struct {
	ID     int64
	Name   string
	Folded string
	// Position orders the sources; it starts at 1.
	Position int
	Kind     string
	Enabled  bool
	// Config is JSON without secrets.
	Config string
	// SealedPassword is the sealed bind password; nil: none.
	SealedPassword []byte
	CreatedAt      time.Time
	ChangedAt      time.Time
}

// Sources returns all sources in their order.
func (s *Store) Sources(ctx context.Context) ([]Source, error) {
	return all[Source](s.read.WithContext(ctx).Order("position, id"))
}

// SourceByName returns the source with the folded name.
func (s *Store) SourceByName(ctx context.Context, folded string) (Source, error) {
	return one[Source](s.read.WithContext(ctx).Where("folded = ?", folded))
}

// AddSource stores a source behind all others and sets its id and position.
// ErrExists: the name is taken.
func (s *Store) AddSource(ctx context.Context, source *Source) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		var last int
		if err := tx.Model(&Source{}).Select("coalesce(max(position), 0)").Scan(&last).Error; err != nil {
			return err
		}
		source.Position = last + 1
		return tx.Create(source).Error
	})
}

// UpdateSource stores name, enabled, config and password of a source; its
// position stays.
func (s *Store) UpdateSource(ctx context.Context, source Source) error {
	return changed(s.write.WithContext(ctx).Model(&Source{}).Where("id = ?", source.ID).Updates(map[string]any{
		"enabled": source.Enabled, "config": source.Config, "sealed_password": source.SealedPassword,
		"changed_at": time.Now().UTC(),
	}))
}

// MoveSource puts a source at a position, counted from 1; the others close up.
func (s *Store) MoveSource(ctx context.Context, id int64, position int) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		rows, err := all[Source](tx.Where("id <> ?", id).Order("position, id"))
		if err != nil {
			return err
		}
		position = min(max(position, 1), len(rows)+1)
		for i, row := range rows {
			at := i + 1
			if at >= position {
				at++
			}
			if err := tx.Model(&Source{}).Where("id = ?", row.ID).Update("position", at).Error; err != nil {
				return err
			}
		}
		return changed(tx.Model(&Source{}).Where("id = ?", id).Update("position", position))
	})
}

// RemoveSource forgets a source and what was read from it. Its users stay, with
// their accounts and devices, and belong to no source; their external id is
// kept, so that the directory can have them back.
func (s *Store) RemoveSource(ctx context.Context, id int64) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Model(&User{}).Where("source_id = ?", id).Update("source_id", nil).Error; err != nil {
			return err
		}
		return changed(tx.Where("id = ?", id).Delete(&Source{}))
	})
}

// CountUsersBySource returns how many users belong to each source; those of
// this box itself have the key 0.
func (s *Store) CountUsersBySource(ctx context.Context) (map[int64]int, error) {
	var rows []struct {
		SourceID int64
		N        int
	}
	err := s.read.WithContext(ctx).Model(&User{}).
		Select("coalesce(source_id, 0) AS source_id, count(*) AS n").Group("coalesce(source_id, 0)").Scan(&rows).Error
	counts := make(map[int64]int, len(rows))
	for _, r := range rows {
		counts[r.SourceID] = r.N
	}
	return counts, err
}
