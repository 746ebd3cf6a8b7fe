// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// memberships is a query for the pairs of group and user: those put together by
// hand, and those that a directory group brings.
const memberships = `SELECT group_id, user_id FROM group_members
UNION SELECT m.group_id, u.id FROM group_mappings m
	JOIN entry_groups e ON e.source_id = m.source_id AND e.group_key = m.group_key
	JOIN users u ON u.source_id = e.source_id AND u.external_id = e.external_id AND u.external_id <> ''`

// Groups returns all groups in the order of their names.
func (s *Store) Groups(ctx context.Context) ([]Group, error) {
	return all[Group](s.read.WithContext(ctx).Order("folded"))
}

// GroupByName returns the group with the folded name.
func (s *Store) GroupByName(ctx context.Context, folded string) (Group, error) {
	return one[Group](s.read.WithContext(ctx).Where("folded = ?", folded))
}

// AddGroup stores a group and sets its id. ErrExists: the name is taken;
// ErrReference: its policy was removed.
func (s *Store) AddGroup(ctx context.Context, g *Group) error {
	return own(s.write.WithContext(ctx).Create(g).Error)
}

// UpdateGroup stores everything of a group but when it was made. ErrExists: the
// name is taken; ErrNotFound: the group was removed; ErrReference: its policy was.
func (s *Store) UpdateGroup(ctx context.Context, g Group) error {
	return changed(s.write.WithContext(ctx).Model(&Group{}).Where("id = ?", g.ID).Updates(map[string]any{
		"name": g.Name, "folded": g.Folded, "description": g.Description, "may_enrol": g.MayEnrol,
		"device_limit": g.DeviceLimit, "finds": g.Finds, "shows": g.Shows, "policy_id": g.PolicyID, "changed_at": g.ChangedAt,
	}))
}

// RemoveGroup removes a group with its members and mappings; users, their
// devices and the directory stay as they are.
func (s *Store) RemoveGroup(ctx context.Context, id int64) error {
	return changed(s.write.WithContext(ctx).Where("id = ?", id).Delete(&Group{}))
}

// AddGroupMember puts a user into a group; one who is in it already is no error.
func (s *Store) AddGroupMember(ctx context.Context, m GroupMember) error {
	return own(s.write.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&m).Error)
}

// RemoveGroupMember takes a user out of a group. ErrNotFound: the user was not
// put into it by hand.
func (s *Store) RemoveGroupMember(ctx context.Context, m GroupMember) error {
	return changed(s.write.WithContext(ctx).
		Where("group_id = ? AND user_id = ?", m.GroupID, m.UserID).Delete(&GroupMember{}))
}

// AddGroupMapping maps a directory group to a group here; one that is mapped
// already only gets its name anew.
func (s *Store) AddGroupMapping(ctx context.Context, m GroupMapping) error {
	return own(s.write.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&m).Error)
}

// RemoveGroupMapping undoes AddGroupMapping; ErrNotFound: there is none.
func (s *Store) RemoveGroupMapping(ctx context.Context, m GroupMapping) error {
	return changed(s.write.WithContext(ctx).
		Where("group_id = ? AND source_id = ? AND group_key = ?", m.GroupID, m.SourceID, m.GroupKey).Delete(&GroupMapping{}))
}

// GroupMappings returns the mappings of all groups, by source and name.
func (s *Store) GroupMappings(ctx context.Context) ([]GroupMapping, error) {
	return all[GroupMapping](s.read.WithContext(ctx).Order("source_id, display, group_key"))
}

// DirectoryGroups returns the groups of a source as last seen, by name.
func (s *Store) DirectoryGroups(ctx context.Context, sourceID int64) ([]DirectoryGroup, error) {
	return all[DirectoryGroup](s.read.WithContext(ctx).Where("source_id = ?", sourceID).Order("name, group_key"))
}

// GroupsOf returns the groups of a user in the order of their names.
func (s *Store) GroupsOf(ctx context.Context, userID int64) ([]Group, error) {
	return all[Group](s.read.WithContext(ctx).
		Where("id IN (SELECT group_id FROM ("+memberships+") WHERE user_id = ?)", userID).Order("folded"))
}

// GroupIDs returns the ids of the groups of each of the users who is in any.
func (s *Store) GroupIDs(ctx context.Context, userIDs []int64) (map[int64][]int64, error) {
	rows, err := all[GroupMember](s.read.WithContext(ctx).Table("("+memberships+") AS memberships").
		Where("user_id IN ?", userIDs).Order("group_id"))
	ids := make(map[int64][]int64, len(rows))
	for _, r := range rows {
		ids[r.UserID] = append(ids[r.UserID], r.GroupID)
	}
	return ids, err
}

// CountGroupMembers returns how many users are in each group that has any.
func (s *Store) CountGroupMembers(ctx context.Context) (map[int64]int, error) {
	var rows []struct {
		GroupID int64
		N       int
	}
	err := s.read.WithContext(ctx).Table("(" + memberships + ") AS memberships").
		Select("group_id, count(*) AS n").Group("group_id").Scan(&rows).Error
	counts := make(map[int64]int, len(rows))
	for _, r := range rows {
		counts[r.GroupID] = r.N
	}
	return counts, err
}

// Member is a user in a group.
type Member struct {
	User
	// ByHand is set of one who was put into the group, and may be in it by a
	// directory group as well.
	ByHand bool
}

// GroupMembers returns a page of the members of a group in the order of their
// names, and how many there are in all.
func (s *Store) GroupMembers(ctx context.Context, groupID int64, offset, limit int) ([]Member, int, error) {
	db := s.read.WithContext(ctx)
	in := func() *gorm.DB {
		return db.Table("users").Where("users.id IN (SELECT user_id FROM ("+memberships+") WHERE group_id = ?)", groupID)
	}
	var total int64
	if err := in().Count(&total).Error; err != nil {
		return nil, 0, err
	}
	members, err := all[Member](in().Select(
		"users.*, EXISTS (SELECT 1 FROM group_members g WHERE g.group_id = ? AND g.user_id = users.id) AS by_hand", groupID).
		Order("users.folded").Offset(offset).Limit(limit))
	return members, int(total), err
}

// inGroups limits a query for users to the members of groups.
func inGroups(db *gorm.DB, ids []int64) *gorm.DB {
	return db.Where(`(users.id IN (SELECT user_id FROM group_members WHERE group_id IN ?)
OR EXISTS (SELECT 1 FROM entry_groups e JOIN group_mappings m ON m.source_id = e.source_id AND m.group_key = e.group_key
	WHERE e.source_id = users.source_id AND e.external_id = users.external_id AND users.external_id <> '' AND m.group_id IN ?))`, ids, ids)
}

// ofSource limits a query for users to those of a source, or for 0 of the box.
func ofSource(db *gorm.DB, id int64) *gorm.DB {
	if id == 0 {
		return db.Where("source_id IS NULL")
	}
	return db.Where("source_id = ?", id)
}
