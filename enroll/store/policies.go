// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// Policy is a named set of client settings that groups give to their members.
type Policy struct {
	ID          int64
	Name        string
	Folded      string
	Description string
	// Priority decides between the policies of a user: the highest counts.
	Priority int
	// Settings is JSON; secrets in it are sealed by the caller.
	Settings  string
	CreatedAt time.Time
	ChangedAt time.Time
}

// Policies returns all policies in the order in which they are laid over each
// other: by priority, then by name.
func (s *Store) Policies(ctx context.Context) ([]Policy, error) {
	return all[Policy](s.read.WithContext(ctx).Order("priority, folded"))
}

// PolicyByName returns the policy with the folded name.
func (s *Store) PolicyByName(ctx context.Context, folded string) (Policy, error) {
	return one[Policy](s.read.WithContext(ctx).Where("folded = ?", folded))
}

// PoliciesOf returns the policies of the groups of a user, each once, in the
// order of Policies. It is one query, so that no change comes in between.
func (s *Store) PoliciesOf(ctx context.Context, userID int64) ([]Policy, error) {
	return all[Policy](s.read.WithContext(ctx).
		Where("id IN (SELECT policy_id FROM groups WHERE id IN (SELECT group_id FROM ("+memberships+") WHERE user_id = ?))", userID).
		Order("priority, folded"))
}

// AddPolicy stores a policy and sets its id. ErrExists: the name is taken.
func (s *Store) AddPolicy(ctx context.Context, p *Policy) error {
	return own(s.write.WithContext(ctx).Create(p).Error)
}

// UpdatePolicy stores everything of a policy but when it was made. ErrExists:
// the name is taken; ErrNotFound: the policy was removed.
func (s *Store) UpdatePolicy(ctx context.Context, p Policy) error {
	return changed(s.write.WithContext(ctx).Model(&Policy{}).Where("id = ?", p.ID).Updates(map[string]any{
		"name": p.Name, "folded": p.Folded, "description": p.Description, "priority": p.Priority,
		"settings": p.Settings, "changed_at": p.ChangedAt,
	}))
}

// RemovePolicy removes a policy that no group gives to its members. It returns
// the names of the groups that do, in order; then nothing was removed.
func (s *Store) RemovePolicy(ctx context.Context, id int64) (groups []string, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Model(&Group{}).Where("policy_id = ?", id).Order("folded").Pluck("name", &groups).Error; err != nil || len(groups) > 0 {
			return err
		}
		return changed(tx.Where("id = ?", id).Delete(&Policy{}))
	})
	return groups, err
}
