// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// SourceUser is what a synchronisation must know of a user.
type SourceUser struct {
	ID           int64
	ExternalID   string
	Username     string
	Folded       string
	State        UserState
	BarredAt     *time.Time
	BarredReason string
	CreatedAt    time.Time
}

// SourceUsersByExternalID returns those of the people of a source who have an
// account, by external id.
func (s *Store) SourceUsersByExternalID(ctx context.Context, sourceID int64, externalIDs []string) (map[string]SourceUser, error) {
	users := make(map[string]SourceUser)
	for start := 0; start < len(externalIDs); start += ownersAtOnce {
		var rows []SourceUser
		err := s.read.WithContext(ctx).Model(&User{}).
			Where("source_id = ? AND external_id <> '' AND external_id IN ?",
				sourceID, externalIDs[start:min(start+ownersAtOnce, len(externalIDs))]).Scan(&rows).Error
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			users[r.ExternalID] = r
		}
	}
	return users, nil
}

// SourceUsersAfter returns at most limit users of a source who are not revoked
// and whose row ids are larger than row, in their order.
func (s *Store) SourceUsersAfter(ctx context.Context, sourceID, row int64, limit int) ([]SourceUser, error) {
	var rows []SourceUser
	err := s.read.WithContext(ctx).Model(&User{}).
		Where("source_id = ? AND id > ? AND state <> ?", sourceID, row, UserRevoked).Order("id").Limit(limit).Scan(&rows).Error
	return rows, err
}

// CountServedBySource returns how many users of a source are not revoked, and
// how many of them their source has not barred.
func (s *Store) CountServedBySource(ctx context.Context, sourceID int64) (users, unbarred int, err error) {
	var n struct{ Users, Unbarred int }
	err = s.read.WithContext(ctx).Model(&User{}).
		Select("count(*) AS users, coalesce(sum(barred_at IS NULL), 0) AS unbarred").
		Where("source_id = ? AND state <> ?", sourceID, UserRevoked).Scan(&n).Error
	return n.Users, n.Unbarred, err
}

// BarredWithDevices returns the users of a source who were barred before the
// time and have devices that are not revoked.
func (s *Store) BarredWithDevices(ctx context.Context, sourceID int64, before time.Time) ([]SourceUser, error) {
	var rows []SourceUser
	err := s.read.WithContext(ctx).Model(&User{}).
		Where("source_id = ? AND barred_at < ? AND EXISTS (SELECT 1 FROM devices d WHERE d.user_id = users.id AND d.revoked_at IS NULL)",
			sourceID, before.UTC()).Order("id").Scan(&rows).Error
	return rows, err
}

// AddSyncRun stores a run that begins, drops all but the newest keep runs of its
// source and sets run.ID.
func (s *Store) AddSyncRun(ctx context.Context, run *SyncRun, keep int) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(run).Error; err != nil {
			return err
		}
		return tx.Exec("DELETE FROM sync_runs WHERE source_id = ? AND id <= coalesce("+
			"(SELECT id FROM sync_runs WHERE source_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?), 0)",
			run.SourceID, run.SourceID, keep).Error
	})
}

// EndSyncRun stores what came of the run with the id. ErrNotFound: its source
// was removed.
func (s *Store) EndSyncRun(ctx context.Context, run SyncRun) error {
	return changed(s.write.WithContext(ctx).Model(&SyncRun{}).Where("id = ?", run.ID).Updates(map[string]any{
		"ended_at": run.EndedAt, "complete": run.Complete, "outcome": run.Outcome, "report": run.Report,
	}))
}

// SyncRuns returns the newest runs of a source, newest first.
func (s *Store) SyncRuns(ctx context.Context, sourceID int64, limit int) ([]SyncRun, error) {
	return all[SyncRun](s.read.WithContext(ctx).Where("source_id = ?", sourceID).Order("id DESC").Limit(limit))
}

// SyncRun returns a run of a source.
func (s *Store) SyncRun(ctx context.Context, sourceID, id int64) (SyncRun, error) {
	return one[SyncRun](s.read.WithContext(ctx).Where("source_id = ? AND id = ?", sourceID, id))
}

// LastSyncRun returns the newest run of a source that has ended and was no dry
// one; with an outcome, the newest such run that ended so.
func (s *Store) LastSyncRun(ctx context.Context, sourceID int64, outcome string) (SyncRun, error) {
	db := s.read.WithContext(ctx).Where("source_id = ? AND dry = 0 AND ended_at IS NOT NULL", sourceID)
	if outcome != "" {
		db = db.Where("outcome = ?", outcome)
	}
	return one[SyncRun](db.Order("id DESC"))
}
