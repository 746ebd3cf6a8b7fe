// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

// personal writes what a directory says of a person to a user's row, all but
// the name.
func personal(p source.Person, u *store.User) {
	u.FirstName, u.LastName, u.DisplayName = p.FirstName, p.LastName, p.DisplayName
	u.Organization, u.Department, u.Title = p.Organization, p.Department, p.Title
	u.Email, u.Phone, u.Mobile = "", "", ""
	if len(p.Emails) > 0 {
		u.Email = p.Emails[0]
	}
	if n := len(p.Phones); n > 0 {
		u.Phone = p.Phones[0]
		if n > 1 {
			u.Mobile = p.Phones[n-1] // mobile numbers come last
		}
	}
	u.SearchText = searchText(*u, slices.Concat(p.Emails, p.Phones)...)
}

// refreshPicture stores a user's picture as the directory has it now. A file
// that is broken or too large leaves the user without one; it is not unpacked
// again until it changes.
func (s *Service) refreshPicture(ctx context.Context, user store.User, file []byte) error {
	var origin []byte
	if len(file) > 0 {
		sum := sha256.Sum256(file)
		origin = sum[:]
	}
	stored, err := s.store.PictureOrigin(ctx, user.ID)
	if err != nil {
		return fmt.Errorf("reading the picture of %q: %w", user.Username, err)
	}
	if bytes.Equal(origin, stored) {
		return nil
	}
	var small []byte
	if len(file) > 0 {
		if small, err = shrink(file); err != nil {
			s.logger.Warn("picture left out", "user", user.Username, "err", err)
		}
	}
	if err := s.store.SetPicture(ctx, user.ID, small, origin); err != nil {
		return fmt.Errorf("storing the picture of %q: %w", user.Username, err)
	}
	return nil
}
