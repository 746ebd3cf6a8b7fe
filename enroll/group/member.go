// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

// AddMember puts a user into a group by hand. Errors: ErrNotFound,
// account.ErrNotFound.
func (s *Service) AddMember(ctx context.Context, group, username string) error {
	g, user, err := s.pair(ctx, group, username)
	if err != nil {
		return err
	}
	if err := s.store.AddGroupMember(ctx, store.GroupMember{GroupID: g.ID, UserID: user.ID}); err != nil {
		return fmt.Errorf("adding %q to group %q: %w", user.Username, g.Name, err)
	}
	s.audit.Record(ctx, "group member added", g.Name, user.Username)
	return nil
}

// RemoveMember takes a user out of a group; who is in it by a directory group
// stays in it. Errors: ErrNotFound, account.ErrNotFound, ErrNotMember.
func (s *Service) RemoveMember(ctx context.Context, group, username string) error {
	g, user, err := s.pair(ctx, group, username)
	if err != nil {
		return err
	}
	err = s.store.RemoveGroupMember(ctx, store.GroupMember{GroupID: g.ID, UserID: user.ID})
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%q was not put into group %q by hand: %w", user.Username, g.Name, ErrNotMember)
	}
	if err != nil {
		return fmt.Errorf("taking %q out of group %q: %w", user.Username, g.Name, err)
	}
	s.audit.Record(ctx, "group member removed", g.Name, user.Username)
	return nil
}

func (s *Service) pair(ctx context.Context, group, username string) (store.Group, store.User, error) {
	g, err := s.find(ctx, group)
	if err != nil {
		return g, store.User{}, err
	}
	user, err := s.store.UserByName(ctx, account.Fold(username))
	if errors.Is(err, store.ErrNotFound) {
		return g, user, fmt.Errorf("%q: %w", strings.TrimSpace(username), account.ErrNotFound)
	}
	if err != nil {
		return g, user, fmt.Errorf("looking for user %q: %w", username, err)
	}
	return g, user, nil
}

// Members returns a page of the members of a group, by name, and how many there
// are in all. Errors: ErrNotFound.
func (s *Service) Members(ctx context.Context, group string, offset, limit int) ([]store.Member, int, error) {
	g, err := s.find(ctx, group)
	if err != nil {
		return nil, 0, err
	}
	members, total, err := s.store.GroupMembers(ctx, g.ID, offset, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("listing the members of group %q: %w", g.Name, err)
	}
	return members, total, nil
}

// Of returns the names of the groups of a user, by hand and by mappings.
func (s *Service) Of(ctx context.Context, userID int64) ([]string, error) {
	rows, err := s.store.GroupsOf(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("listing the groups of a user: %w", err)
	}
	names := make([]string, len(rows))
	for i, g := range rows {
		names[i] = g.Name
	}
	return names, nil
}

// Map makes the members of a directory group members of a group, now and after
// each synchronisation. The directory group is named by its DN, its name or its
// id, and must have been seen by a synchronisation. Errors: ErrNotFound,
// ErrInvalid.
func (s *Service) Map(ctx context.Context, group, sourceName, directoryGroup string) error {
	g, src, err := s.mapped(ctx, group, sourceName)
	if err != nil {
		return err
	}
	d, err := s.directoryGroup(ctx, src, directoryGroup)
	if err != nil {
		return err
	}
	m := store.GroupMapping{GroupID: g.ID, SourceID: src.ID, GroupKey: d.GroupKey, Display: d.Name}
	if err := s.store.AddGroupMapping(ctx, m); err != nil {
		return fmt.Errorf("mapping %q to group %q: %w", d.Name, g.Name, err)
	}
	s.audit.Record(ctx, "group mapped", g.Name, fmt.Sprintf("source %s, group %s", src.Name, d.Name))
	return nil
}

// Unmap undoes Map. The directory group may be gone from the directory; then it
// is named as the group lists it. Errors: ErrNotFound, ErrInvalid, ErrNotMember.
func (s *Service) Unmap(ctx context.Context, group, sourceName, directoryGroup string) error {
	g, src, err := s.mapped(ctx, group, sourceName)
	if err != nil {
		return err
	}
	rows, err := s.store.GroupMappings(ctx)
	if err != nil {
		return fmt.Errorf("listing the mappings of groups: %w", err)
	}
	key := ""
	for _, m := range rows {
		if m.GroupID == g.ID && m.SourceID == src.ID && (m.GroupKey == directoryGroup || strings.EqualFold(m.Display, directoryGroup)) {
			if key != "" && key != m.GroupKey {
				return fmt.Errorf("%w: several groups called %q are mapped to %q: name the id of one", ErrInvalid, directoryGroup, g.Name)
			}
			key = m.GroupKey
		}
	}
	if key == "" {
		d, err := s.directoryGroup(ctx, src, directoryGroup)
		if err != nil {
			return err
		}
		key = d.GroupKey
	}
	err = s.store.RemoveGroupMapping(ctx, store.GroupMapping{GroupID: g.ID, SourceID: src.ID, GroupKey: key})
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%q of source %q is not mapped to group %q: %w", directoryGroup, src.Name, g.Name, ErrNotMember)
	}
	if err != nil {
		return fmt.Errorf("unmapping %q from group %q: %w", directoryGroup, g.Name, err)
	}
	s.audit.Record(ctx, "group unmapped", g.Name, fmt.Sprintf("source %s, group %s", src.Name, directoryGroup))
	return nil
}

func (s *Service) mapped(ctx context.Context, group, sourceName string) (store.Group, store.Source, error) {
	g, err := s.find(ctx, group)
	if err != nil {
		return g, store.Source{}, err
	}
	src, err := s.store.SourceByName(ctx, account.Fold(sourceName))
	if errors.Is(err, store.ErrNotFound) {
		return g, src, fmt.Errorf("%w: there is no source %q", ErrInvalid, strings.TrimSpace(sourceName))
	}
	if err != nil {
		return g, src, fmt.Errorf("looking for source %q: %w", sourceName, err)
	}
	return g, src, nil
}

// directoryGroup returns the group of a source that text names.
func (s *Service) directoryGroup(ctx context.Context, src store.Source, text string) (store.DirectoryGroup, error) {
	text = strings.TrimSpace(text)
	groups, err := s.store.DirectoryGroups(ctx, src.ID)
	if err != nil {
		return store.DirectoryGroup{}, fmt.Errorf("listing the groups of source %q: %w", src.Name, err)
	}
	dn, _ := ldap.ParseDN(text) // nil if it is none
	var named []store.DirectoryGroup
	for _, d := range groups {
		if d.GroupKey == text {
			return d, nil
		}
		own, err := ldap.ParseDN(d.DN)
		if strings.EqualFold(d.Name, text) || dn != nil && err == nil && dn.EqualFold(own) {
			named = append(named, d)
		}
	}
	switch len(named) {
	case 1:
		return named[0], nil
	case 0:
		return store.DirectoryGroup{}, fmt.Errorf("%w: the last synchronisation of source %q saw no group %q; "+
			"name its DN, or synchronise the source again if the group is new", ErrInvalid, src.Name, text)
	}
	dns := make([]string, len(named))
	for i, d := range named {
		dns[i] = d.DN
	}
	return store.DirectoryGroup{}, fmt.Errorf("%w: source %q has several groups %q; name the DN of one: %s",
		ErrInvalid, src.Name, text, strings.Join(dns, "; "))
}

// mappings returns the mappings of each group.
func (s *Service) mappings(ctx context.Context) (map[int64][]Mapping, error) {
	rows, err := s.store.GroupMappings(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the mappings of groups: %w", err)
	}
	sources, err := s.store.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing sources: %w", err)
	}
	names := make(map[int64]string, len(sources))
	for _, src := range sources {
		names[src.ID] = src.Name
	}
	mappings := make(map[int64][]Mapping, len(rows))
	for _, m := range rows {
		mappings[m.GroupID] = append(mappings[m.GroupID], Mapping{Source: names[m.SourceID], Key: m.GroupKey, Name: m.Display})
	}
	return mappings, nil
}
