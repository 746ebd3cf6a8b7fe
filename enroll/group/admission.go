// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"context"
	"errors"
	"fmt"

	"jamibox/enroll/store"
)

// Admission says who may enrol without being in a group that may.
type Admission string

// The admissions.
const (
	// Everyone lets people without a group enrol.
	Everyone Admission = "everyone"
	// ByGroup lets only members of groups enrol.
	ByGroup Admission = "groups"
)

// admissionSetting is where the admission lies in the store.
const admissionSetting = "admission"

// Admission returns who may enrol; everyone unless it was set.
func (s *Service) Admission(ctx context.Context) (Admission, error) {
	raw, err := s.store.Setting(ctx, admissionSetting)
	if errors.Is(err, store.ErrNotFound) {
		return Everyone, nil
	}
	if err != nil {
		return "", fmt.Errorf("reading who may enrol: %w", err)
	}
	return Admission(raw), nil
}

// SetAdmission sets who may enrol from now on; enrolled devices stay. Errors:
// ErrInvalid.
func (s *Service) SetAdmission(ctx context.Context, a Admission) error {
	if a != Everyone && a != ByGroup {
		return fmt.Errorf("%w: admission %q: %s or %s is expected", ErrInvalid, string(a), Everyone, ByGroup)
	}
	if err := s.store.SetSetting(ctx, admissionSetting, []byte(a)); err != nil {
		return fmt.Errorf("storing who may enrol: %w", err)
	}
	s.audit.Record(ctx, "admission changed", string(a), "")
	return nil
}

// MayEnrol returns nil if the user may enrol devices. Members of groups may if
// one of their groups may, others if admission is open to everyone. Errors:
// ErrNotAdmitted with the reason; any other is a fault of the server.
func (s *Service) MayEnrol(ctx context.Context, user store.User) error {
	groups, err := s.store.GroupsOf(ctx, user.ID)
	if err != nil {
		return fmt.Errorf("listing the groups of %q: %w", user.Username, err)
	}
	return s.admits(ctx, groups)
}

// Admits tells whether somebody in a directory who need not have an account may
// enrol devices.
func (s *Service) Admits(ctx context.Context, sourceID int64, externalID string) (bool, error) {
	groups, err := s.store.GroupsOfEntry(ctx, sourceID, externalID)
	if err != nil {
		return false, fmt.Errorf("listing the groups of %q: %w", externalID, err)
	}
	err = s.admits(ctx, groups)
	if errors.Is(err, ErrNotAdmitted) {
		return false, nil
	}
	return err == nil, err
}

// admits returns nil if a member of exactly these groups may enrol devices.
func (s *Service) admits(ctx context.Context, groups []store.Group) error {
	for _, g := range groups {
		if g.MayEnrol {
			return nil
		}
	}
	if len(groups) > 0 {
		return fmt.Errorf("%w: none of your groups may enrol devices; ask the administrator", ErrNotAdmitted)
	}
	switch a, err := s.Admission(ctx); {
	case err != nil:
		return err
	case a == ByGroup:
		return fmt.Errorf("%w: only members of groups may enrol devices, and you are in none; ask the administrator", ErrNotAdmitted)
	}
	return nil
}

// DeviceLimit returns how many devices the user may have, the highest limit of
// the user's groups; 0 is no limit.
func (s *Service) DeviceLimit(ctx context.Context, user store.User) (int, error) {
	groups, err := s.store.GroupsOf(ctx, user.ID)
	if err != nil {
		return 0, fmt.Errorf("listing the groups of %q: %w", user.Username, err)
	}
	limit := 0
	for _, g := range groups {
		if g.DeviceLimit == 0 {
			return 0, nil
		}
		limit = max(limit, g.DeviceLimit)
	}
	return limit, nil
}
