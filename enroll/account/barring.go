// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"errors"
	"fmt"

	"jamibox/enroll/store"
)

// BarUser stops serving a user on the word of the user's directory, until
// UnbarUser. It is kept apart from what an administrator does with SetEnabled:
// neither lifts the other. Devices keep their identity, as those of a disabled
// user do. It tells whether the user was not barred yet; of one who was only the
// reason changes. ErrNotFound: there is no such user.
func (s *Service) BarUser(ctx context.Context, userID int64, reason string) (fresh bool, err error) {
	user, err := s.byID(ctx, userID)
	if err != nil {
		return false, err
	}
	if fresh, err = s.store.BarUser(ctx, user.ID, reason, s.now()); err != nil {
		return false, fmt.Errorf("barring %q: %w", user.Username, err)
	}
	if !fresh {
		return false, nil
	}
	s.audit.Record(ctx, "user barred", user.Username, reason)
	return true, s.tellBar(ctx, user, false)
}

// UnbarUser lifts BarUser and tells whether the user was barred. ErrNotFound:
// there is no such user.
func (s *Service) UnbarUser(ctx context.Context, userID int64) (lifted bool, err error) {
	user, err := s.byID(ctx, userID)
	if err != nil {
		return false, err
	}
	if lifted, err = s.store.UnbarUser(ctx, user.ID); err != nil {
		return false, fmt.Errorf("lifting the bar of %q: %w", user.Username, err)
	}
	if !lifted {
		return false, nil
	}
	s.audit.Record(ctx, "bar lifted", user.Username, user.BarredReason)
	if user.State != store.UserActive {
		return true, nil
	}
	return true, s.tellBar(ctx, user, true)
}

func (s *Service) byID(ctx context.Context, userID int64) (store.User, error) {
	user, err := s.store.UserByID(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return user, fmt.Errorf("user number %d: %w", userID, ErrNotFound)
	}
	if err != nil {
		return user, fmt.Errorf("reading user number %d: %w", userID, err)
	}
	return user, nil
}
