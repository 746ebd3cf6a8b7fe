// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"context"
	"errors"
	"fmt"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

// policy returns the id of a policy by name; nil for the empty one.
func (s *Service) policy(ctx context.Context, name string) (*int64, error) {
	if name == "" {
		return nil, nil
	}
	p, err := s.store.PolicyByName(ctx, account.Fold(name))
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: there is no policy %q", ErrInvalid, name)
	}
	if err != nil {
		return nil, fmt.Errorf("looking for policy %q: %w", name, err)
	}
	return &p.ID, nil
}

// policies returns the names of all policies.
func (s *Service) policies(ctx context.Context) (map[int64]string, error) {
	rows, err := s.store.Policies(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing policies: %w", err)
	}
	names := make(map[int64]string, len(rows))
	for _, p := range rows {
		names[p.ID] = p.Name
	}
	return names, nil
}

// detail says in the audit log what clients of members get by the change.
func (c Change) detail() string {
	switch {
	case c.Policy == nil:
		return ""
	case *c.Policy == "":
		return "no policy"
	}
	return "policy " + *c.Policy
}
