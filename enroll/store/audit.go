// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"
)

// AuditEntry is one security event: who did what to whom, from where.
type AuditEntry struct {
	ID     int64
	At     time.Time
	Actor  string
	Action string
	Target string
	Remote string
	Detail string
}

// TableName names the table, which GORM would put in the plural.
func (AuditEntry) TableName() string { return "audit" }

// AppendAudit stores a security event.
func (s *Store) AppendAudit(ctx context.Context, e AuditEntry) error {
	return s.write.WithContext(ctx).Create(&e).Error
}

// Audit returns the newest events, newest first.
func (s *Store) Audit(ctx context.Context, limit int) ([]AuditEntry, error) {
	return all[AuditEntry](s.read.WithContext(ctx).Order("id DESC").Limit(limit))
}

// PruneAudit drops all but the newest keep events.
func (s *Store) PruneAudit(ctx context.Context, keep int) error {
	return s.write.WithContext(ctx).Where("id <= (SELECT max(id) FROM audit) - ?", keep).Delete(&AuditEntry{}).Error
}
