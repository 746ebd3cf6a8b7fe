// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

// Create makes a policy. c.Name must be set. Errors: ErrValue, ErrInvalid with
// every problem, ErrTaken.
func (s *Service) Create(ctx context.Context, c Change) (Policy, error) {
	if c.Name == nil {
		return Policy{}, fmt.Errorf("%w: the name of the policy is missing", ErrValue)
	}
	now := s.now().UTC()
	row := store.Policy{Settings: "{}", CreatedAt: now, ChangedAt: now}
	if err := s.apply(&row, c); err != nil {
		return Policy{}, err
	}
	err := s.store.AddPolicy(ctx, &row)
	if errors.Is(err, store.ErrExists) {
		return Policy{}, fmt.Errorf("%q: %w", row.Name, ErrTaken)
	}
	if err != nil {
		return Policy{}, fmt.Errorf("storing policy %q: %w", row.Name, err)
	}
	s.audit.Record(ctx, "policy created", row.Name, c.detail(row.Name, row.Name))
	return s.Get(ctx, row.Name)
}

// Update changes a policy; the groups that have it keep it under a new name.
// Errors: ErrNotFound, ErrValue, ErrInvalid with every problem, ErrTaken.
func (s *Service) Update(ctx context.Context, name string, c Change) (Policy, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	row, err := s.find(ctx, name)
	if err != nil {
		return Policy{}, err
	}
	old := row.Name
	if err := s.apply(&row, c); err != nil {
		return Policy{}, err
	}
	row.ChangedAt = s.now().UTC()
	err = s.store.UpdatePolicy(ctx, row)
	switch {
	case errors.Is(err, store.ErrExists):
		return Policy{}, fmt.Errorf("%q: %w", row.Name, ErrTaken)
	case errors.Is(err, store.ErrNotFound):
		return Policy{}, fmt.Errorf("%q: %w", old, ErrNotFound)
	case err != nil:
		return Policy{}, fmt.Errorf("storing policy %q: %w", row.Name, err)
	}
	s.audit.Record(ctx, "policy changed", row.Name, c.detail(old, row.Name))
	return s.Get(ctx, row.Name)
}

// detail says in the audit log what a change of the policy called old sets. It
// holds no settings, some of which are secrets.
func (c Change) detail(old, name string) string {
	var said []string
	if name != old {
		said = append(said, fmt.Sprintf("called %q before", old))
	}
	if c.Priority != nil {
		said = append(said, fmt.Sprintf("priority %d", *c.Priority))
	}
	if c.Settings != nil {
		said = append(said, fmt.Sprintf("%d settings", len(*c.Settings)))
	}
	return strings.Join(said, ", ")
}

// Remove removes a policy that no group has. Errors: ErrNotFound, ErrInUse.
func (s *Service) Remove(ctx context.Context, name string) error {
	row, err := s.find(ctx, name)
	if err != nil {
		return err
	}
	groups, err := s.store.RemovePolicy(ctx, row.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%q: %w", row.Name, ErrNotFound)
	case err != nil:
		return fmt.Errorf("removing policy %q: %w", row.Name, err)
	case len(groups) > 0:
		return fmt.Errorf("%q: %w: %s; take it from them first", row.Name, ErrInUse, strings.Join(groups, ", "))
	}
	s.audit.Record(ctx, "policy removed", row.Name, "")
	return nil
}

func (s *Service) find(ctx context.Context, name string) (store.Policy, error) {
	row, err := s.store.PolicyByName(ctx, account.Fold(name))
	if errors.Is(err, store.ErrNotFound) {
		return row, fmt.Errorf("%q: %w", strings.TrimSpace(name), ErrNotFound)
	}
	if err != nil {
		return row, fmt.Errorf("looking for policy %q: %w", name, err)
	}
	return row, nil
}

// Get returns the policy with this name, in any case. Errors: ErrNotFound.
func (s *Service) Get(ctx context.Context, name string) (Policy, error) {
	row, err := s.find(ctx, name)
	if err != nil {
		return Policy{}, err
	}
	groups, err := s.groups(ctx)
	if err != nil {
		return Policy{}, err
	}
	return show(row, groups)
}

// List returns all policies in the order in which they are laid over each other:
// by priority, then by name.
func (s *Service) List(ctx context.Context) ([]Policy, error) {
	rows, err := s.store.Policies(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing policies: %w", err)
	}
	groups, err := s.groups(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Policy, len(rows))
	for i, row := range rows {
		if list[i], err = show(row, groups); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// groups returns the names of the groups that have each policy.
func (s *Service) groups(ctx context.Context) (map[int64][]string, error) {
	rows, err := s.store.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing groups: %w", err)
	}
	names := map[int64][]string{}
	for _, g := range rows {
		if g.PolicyID != nil {
			names[*g.PolicyID] = append(names[*g.PolicyID], g.Name)
		}
	}
	return names, nil
}

func show(row store.Policy, groups map[int64][]string) (Policy, error) {
	k, err := keptBy(row)
	return Policy{
		Name: row.Name, Description: row.Description, Priority: row.Priority, Settings: k.shown(), Groups: groups[row.ID],
		CreatedAt: row.CreatedAt, ChangedAt: row.ChangedAt,
	}, err
}
