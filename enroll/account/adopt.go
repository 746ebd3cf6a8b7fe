// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"errors"
	"fmt"

	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

// Adopt returns the user of a person of a directory, with name and profile as
// the directory has them now, and makes the user, with a Jami account, if
// there is none. Errors: ErrInvalid and ErrTaken (the name cannot be a new
// user's), organization.ErrNotSetUp.
func (s *Service) Adopt(ctx context.Context, src SourceRef, p source.Person) (store.User, error) {
	user, err := s.userOf(ctx, src, p.ExternalID)
	if err == nil {
		return s.Refresh(ctx, user, p)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return user, fmt.Errorf("looking for the user of %s: %w", p.DN, err)
	}
	user, err = s.createFrom(ctx, src, p)
	if errors.Is(err, ErrTaken) {
		// Another device of the same person may have been faster.
		if user, again := s.userOf(ctx, src, p.ExternalID); again == nil {
			return user, nil
		}
	}
	return user, err
}

// userOf returns the user whom a source knows by a stable id, also one whose
// source was removed meanwhile: the directory has come back.
func (s *Service) userOf(ctx context.Context, src SourceRef, externalID string) (store.User, error) {
	user, err := s.store.UserBySource(ctx, src.ID, externalID)
	if !errors.Is(err, store.ErrNotFound) {
		return user, err
	}
	released, err := s.store.ReleasedUser(ctx, externalID)
	if err != nil {
		return released, err
	}
	if err := s.store.ClaimUser(ctx, released.ID, src.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return released, err
	}
	s.audit.Record(ctx, "user back in source", released.Username, src.Name)
	return s.store.UserBySource(ctx, src.ID, externalID)
}

func (s *Service) createFrom(ctx context.Context, src SourceRef, p source.Person) (store.User, error) {
	username, err := checkName(p.Username)
	if err != nil {
		return store.User{}, fmt.Errorf("%q: %w", clip(p.Username), err)
	}
	sourceID := src.ID
	draft := store.User{Username: username, Folded: Fold(username), SourceID: &sourceID, ExternalID: p.ExternalID}
	personal(p, &draft)
	user, err := s.create(ctx, draft, nil, "source "+src.Name)
	if err != nil {
		return user, err
	}
	return user, s.refreshPicture(ctx, user, p.Picture)
}

// Refresh gives a user of a directory the name and profile that the directory
// has now, and returns the user as stored. A name that cannot be had leaves
// the old one; names that users had stay reserved for them.
func (s *Service) Refresh(ctx context.Context, user store.User, p source.Person) (store.User, error) {
	next := user
	if username, err := checkName(p.Username); err != nil {
		s.keptName(user, p, err)
	} else {
		next.Username, next.Folded = username, Fold(username)
	}
	personal(p, &next)
	if next.Username != user.Username {
		err := s.store.RenameUser(ctx, user.ID, next.Username, next.Folded, next.SearchText)
		switch {
		case errors.Is(err, store.ErrExists):
			s.keptName(user, p, ErrTaken)
			next.Username, next.Folded = user.Username, user.Folded
			personal(p, &next)
		case err != nil:
			return user, fmt.Errorf("renaming %q: %w", user.Username, err)
		default:
			s.audit.Record(ctx, "user renamed", next.Username, "was "+user.Username)
		}
	}
	if !sameProfile(next, user) {
		if err := s.store.UpdateProfile(ctx, next, nil); err != nil {
			return user, fmt.Errorf("storing the profile of %q: %w", next.Username, err)
		}
	}
	return next, s.refreshPicture(ctx, next, p.Picture)
}

func (s *Service) keptName(user store.User, p source.Person, why error) {
	s.logger.Warn("user keeps the old name", "user", user.Username, "name", clip(p.Username), "err", why)
}

func sameProfile(a, b store.User) bool {
	return a.FirstName == b.FirstName && a.LastName == b.LastName && a.DisplayName == b.DisplayName &&
		a.Email == b.Email && a.Phone == b.Phone && a.Mobile == b.Mobile && a.Organization == b.Organization &&
		a.Department == b.Department && a.Title == b.Title && a.SearchText == b.SearchText
}
