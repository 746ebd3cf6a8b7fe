// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"context"
	"errors"
	"fmt"

	"jamibox/enroll/store"
)

const (
	// settingName is where the administrator's additions lie in the store.
	settingName = "client settings"
	// everyonePlace is what their secrets are bound to.
	everyonePlace = "everyone"
)

// Added returns the settings that the administrator added for everyone.
func (s *Service) Added(ctx context.Context) (Settings, error) {
	k, err := s.added(ctx)
	if err != nil {
		return nil, err
	}
	return k.shown(), nil
}

func (s *Service) added(ctx context.Context) (kept, error) {
	raw, err := s.store.Setting(ctx, settingName)
	if errors.Is(err, store.ErrNotFound) {
		return kept{place: everyonePlace}, nil
	}
	if err != nil {
		return kept{}, fmt.Errorf("reading the client settings of everyone: %w", err)
	}
	return parse(everyonePlace, raw)
}

// SetAdded replaces the settings that the administrator adds for everyone, and
// returns them as they are shown. Errors: ErrInvalid with every problem.
func (s *Service) SetAdded(ctx context.Context, given Settings) (Settings, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	old, err := s.added(ctx)
	if err != nil {
		return nil, err
	}
	if err := given.check(old); err != nil {
		return nil, err
	}
	if err := s.storeAdded(ctx, given, old); err != nil {
		return nil, err
	}
	s.audit.Record(ctx, "client settings changed", "everyone", fmt.Sprintf("%d settings", len(given)))
	return s.Added(ctx)
}

func (s *Service) storeAdded(ctx context.Context, given Settings, old kept) error {
	raw, err := s.encode(everyonePlace, given, old)
	if err != nil {
		return err
	}
	if err := s.store.SetSetting(ctx, settingName, raw); err != nil {
		return fmt.Errorf("storing the client settings of everyone: %w", err)
	}
	return nil
}

// Seal seals the secrets that an earlier version left open in the store.
func (s *Service) Seal(ctx context.Context) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	old, err := s.added(ctx)
	if err != nil || !old.exposed() {
		return err
	}
	return s.storeAdded(ctx, old.shown(), old)
}
