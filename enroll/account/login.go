// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"errors"
	"fmt"

	"jamibox/enroll/audit"
	"jamibox/enroll/store"
)

// ErrCredentials tells that name and password do not open an account: the
// password is wrong, or the user unknown, disabled or revoked. Which of these
// it was goes to the log only.
var ErrCredentials = errors.New("wrong user name or password")

// noHash is compared against where there is no user, so that the answer takes
// as long as for one. It is the hash of nothing anybody knows.
const noHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Authenticate returns the active user with this login and password. Errors:
// ErrCredentials, ErrTooManyAttempts; any other is a fault of the server, and
// says nothing about the password.
func (s *Service) Authenticate(ctx context.Context, login, password string) (store.User, error) {
	remote := audit.ActorOf(ctx).Remote
	user, err := s.findLogin(ctx, login)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.User{}, fmt.Errorf("looking for user: %w", err)
	}
	folded := Fold(login)
	if err == nil {
		folded = user.Folded
	}
	if err := s.slow.wait(ctx, folded, remote); err != nil {
		return store.User{}, err
	}
	hash := user.PasswordHash
	if hash == "" {
		hash = noHash
	}
	ok := false
	if password != "" && len(password) <= maxPasswordBytes {
		if ok, err = s.passwordMatches(ctx, hash, password); err != nil {
			return store.User{}, fmt.Errorf("checking the password of %q: %w", folded, err)
		}
	}
	if !ok || user.ID == 0 || user.State != store.UserActive {
		s.slow.failed(folded, remote)
		s.logger.Warn("login refused", "user", clip(folded), "remote", remote, "reason", refusal(user, ok))
		return store.User{}, ErrCredentials
	}
	s.slow.succeeded(folded, remote)
	return user, nil
}

// passwordMatches tells whether password has the hash phc, without hashing it
// again if it did a moment ago.
func (s *Service) passwordMatches(ctx context.Context, phc, password string) (bool, error) {
	if s.remembered.knows(phc, password) {
		return true, nil
	}
	ok, err := s.hasher.matches(ctx, phc, password)
	if ok {
		s.remembered.note(phc, password)
	}
	return ok, err
}

func (s *Service) findLogin(ctx context.Context, login string) (store.User, error) {
	for _, folded := range loginNames(login) {
		user, err := s.store.UserByName(ctx, folded)
		if !errors.Is(err, store.ErrNotFound) {
			return user, err
		}
	}
	return store.User{}, store.ErrNotFound
}

// refusal says in the log why a login was refused.
func refusal(user store.User, passwordOK bool) string {
	switch {
	case user.ID == 0:
		return "unknown user"
	case !passwordOK:
		return "wrong password"
	default:
		return "user is " + string(user.State)
	}
}

// clip bounds what a stranger can write into the log.
func clip(text string) string {
	if len(text) > 2*maxNameRunes {
		return text[:2*maxNameRunes] + "..."
	}
	return text
}
