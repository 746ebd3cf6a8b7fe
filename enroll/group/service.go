// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/store"
)

// Service manages groups. It is safe for concurrent use.
type Service struct {
	store *store.Store
	audit *audit.Log
	now   func() time.Time
}

// New returns the service.
func New(s *store.Store, log *audit.Log) *Service {
	return &Service{store: s, audit: log, now: time.Now}
}

// Change holds what is to be set of a group; nil leaves it as it is.
type Change struct {
	Name, Description *string
	MayEnrol          *bool
	DeviceLimit       *int
	// Finds and Shows point to a nil list for everyone and everything.
	Finds *[]string
	Shows *[]Field
	// Policy is the name of one; empty takes it away.
	Policy *string
}

// Create makes a group; its members may enrol as many devices as they like,
// find everyone and show everything unless c says otherwise. c.Name must be
// set. Errors: ErrInvalid, ErrTaken.
func (s *Service) Create(ctx context.Context, c Change) (Group, error) {
	if c.Name == nil {
		return Group{}, fmt.Errorf("%w: the name of the group is missing", ErrInvalid)
	}
	now := s.now().UTC()
	row := store.Group{MayEnrol: true, CreatedAt: now, ChangedAt: now}
	if err := s.apply(ctx, &row, c); err != nil {
		return Group{}, err
	}
	if err := stored(s.store.AddGroup(ctx, &row), row); err != nil {
		return Group{}, err
	}
	s.audit.Record(ctx, "group created", row.Name, c.detail())
	return s.Get(ctx, row.Name)
}

// Update changes a group. Errors: ErrNotFound, ErrInvalid, ErrTaken.
func (s *Service) Update(ctx context.Context, name string, c Change) (Group, error) {
	row, err := s.find(ctx, name)
	if err != nil {
		return Group{}, err
	}
	old := row.Name
	if err := s.apply(ctx, &row, c); err != nil {
		return Group{}, err
	}
	row.ChangedAt = s.now().UTC()
	err = s.store.UpdateGroup(ctx, row)
	if errors.Is(err, store.ErrNotFound) {
		return Group{}, fmt.Errorf("%q: %w", old, ErrNotFound)
	}
	if err := stored(err, row); err != nil {
		return Group{}, err
	}
	s.audit.Record(ctx, "group changed", row.Name, c.detail())
	return s.Get(ctx, row.Name)
}

// stored says why a group could not be stored, if err is not nil.
func stored(err error, row store.Group) error {
	switch {
	case errors.Is(err, store.ErrExists):
		return fmt.Errorf("%q: %w", row.Name, ErrTaken)
	case errors.Is(err, store.ErrReference):
		return fmt.Errorf("%w: the policy of group %q was removed at this moment", ErrInvalid, row.Name)
	case err != nil:
		return fmt.Errorf("storing group %q: %w", row.Name, err)
	}
	return nil
}

// apply checks c and writes it to row.
func (s *Service) apply(ctx context.Context, row *store.Group, c Change) error {
	var err error
	if c.Name != nil {
		if row.Name, err = checkName(*c.Name); err != nil {
			return err
		}
		row.Folded = account.Fold(row.Name)
	}
	if c.Description != nil {
		if row.Description, err = checkText("description", *c.Description, maxDescriptionRunes); err != nil {
			return err
		}
	}
	if c.MayEnrol != nil {
		row.MayEnrol = *c.MayEnrol
	}
	if c.DeviceLimit != nil {
		if err := checkLimit(*c.DeviceLimit); err != nil {
			return err
		}
		row.DeviceLimit = *c.DeviceLimit
	}
	if c.Shows != nil {
		if err := checkShows(*c.Shows); err != nil {
			return err
		}
		if row.Shows, err = encode(*c.Shows); err != nil {
			return fmt.Errorf("encoding what group %q shows: %w", row.Name, err)
		}
	}
	if c.Policy != nil {
		if row.PolicyID, err = s.policy(ctx, *c.Policy); err != nil {
			return err
		}
	}
	if c.Finds == nil {
		return nil
	}
	ids, err := s.ids(ctx, *c.Finds)
	if err != nil {
		return err
	}
	if row.Finds, err = encode(ids); err != nil {
		return fmt.Errorf("encoding whom group %q finds: %w", row.Name, err)
	}
	return nil
}

// ids returns the ids of groups by name; nil for nil.
func (s *Service) ids(ctx context.Context, names []string) ([]int64, error) {
	if names == nil {
		return nil, nil
	}
	ids := []int64{}
	for _, name := range names {
		g, err := s.find(ctx, name)
		if errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("%w: finds: there is no group %q", ErrInvalid, name)
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, g.ID) {
			ids = append(ids, g.ID)
		}
	}
	return ids, nil
}

func (s *Service) find(ctx context.Context, name string) (store.Group, error) {
	g, err := s.store.GroupByName(ctx, account.Fold(name))
	if errors.Is(err, store.ErrNotFound) {
		return g, fmt.Errorf("%q: %w", strings.TrimSpace(name), ErrNotFound)
	}
	if err != nil {
		return g, fmt.Errorf("looking for group %q: %w", name, err)
	}
	return g, nil
}

// Get returns the group with this name, in any case. Errors: ErrNotFound.
func (s *Service) Get(ctx context.Context, name string) (Group, error) {
	row, err := s.find(ctx, name)
	if err != nil {
		return Group{}, err
	}
	groups, err := s.List(ctx)
	if err != nil {
		return Group{}, err
	}
	for _, g := range groups {
		if g.ID == row.ID {
			return g, nil
		}
	}
	return Group{}, fmt.Errorf("%q: %w", name, ErrNotFound)
}

// List returns all groups in the order of their names.
func (s *Service) List(ctx context.Context) ([]Group, error) {
	rows, err := s.store.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing groups: %w", err)
	}
	counts, err := s.store.CountGroupMembers(ctx)
	if err != nil {
		return nil, fmt.Errorf("counting members of groups: %w", err)
	}
	mappings, err := s.mappings(ctx)
	if err != nil {
		return nil, err
	}
	policies, err := s.policies(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[int64]string, len(rows))
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	groups := make([]Group, len(rows))
	for i, row := range rows {
		g := Group{
			ID: row.ID, Name: row.Name, Description: row.Description, MayEnrol: row.MayEnrol, DeviceLimit: row.DeviceLimit,
			Mappings: mappings[row.ID], Members: counts[row.ID], CreatedAt: row.CreatedAt, ChangedAt: row.ChangedAt,
		}
		if g.Shows, err = list[Field](row, row.Shows); err != nil {
			return nil, err
		}
		if g.Finds, err = found(row, names); err != nil {
			return nil, err
		}
		if row.PolicyID != nil {
			g.Policy = policies[*row.PolicyID]
		}
		groups[i] = g
	}
	return groups, nil
}

// found returns the names of the groups that a group finds. One that was
// removed since is left out: nobody is in it.
func found(row store.Group, names map[int64]string) ([]string, error) {
	ids, err := list[int64](row, row.Finds)
	if ids == nil || err != nil {
		return nil, err
	}
	finds := []string{}
	for _, id := range ids {
		if name, ok := names[id]; ok {
			finds = append(finds, name)
		}
	}
	slices.Sort(finds)
	return finds, nil
}

// Remove removes a group. Its members keep their accounts and devices, and what
// other groups give them. Errors: ErrNotFound.
func (s *Service) Remove(ctx context.Context, name string) error {
	g, err := s.find(ctx, name)
	if err != nil {
		return err
	}
	err = s.store.RemoveGroup(ctx, g.ID)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%q: %w", g.Name, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("removing group %q: %w", g.Name, err)
	}
	s.audit.Record(ctx, "group removed", g.Name, "")
	return nil
}
