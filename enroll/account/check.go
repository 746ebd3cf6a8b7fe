// SPDX-License-Identifier: GPL-3.0-or-later

package account

import "context"

// CheckPassword returns why a password cannot be used, or nil. Errors:
// ErrInvalid.
func CheckPassword(password string) error { return checkPassword(password) }

// Check returns why a profile cannot be stored, or nil. Errors: ErrInvalid.
func (p Profile) Check() error {
	_, err := p.check()
	return err
}

// CheckFree returns ErrTaken if a user with this name cannot be made because
// another has or had it. Errors: ErrInvalid, ErrTaken.
func (s *Service) CheckFree(ctx context.Context, name string) error {
	username, err := checkName(name)
	if err != nil {
		return err
	}
	return s.checkFree(ctx, username, Fold(username))
}
