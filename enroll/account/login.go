// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

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

// Authenticate returns the active user with this login and password. A user of
// a directory is made at the first login, if not before. Errors:
// ErrCredentials, ErrTooManyAttempts, ErrUnavailable; any other is a fault of
// the server. The latter two say nothing about the password.
func (s *Service) Authenticate(ctx context.Context, login, password string) (store.User, error) {
	remote := audit.ActorOf(ctx).Remote
	known, err := s.findLogin(ctx, login)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.User{}, fmt.Errorf("looking for user: %w", err)
	}
	folded := Fold(login)
	if err == nil {
		folded = known.Folded
	}
	if err := s.slow.wait(ctx, folded, remote); err != nil {
		return store.User{}, err
	}
	attempt := s.sources.Begin(login, remote)
	user, err := s.ask(ctx, attempt, login, known, password)
	if err == nil && !user.Served() {
		err = &Refusal{unserved(user)}
	}
	var refusal *Refusal
	switch {
	case err == nil:
		attempt.End("let in as user " + user.Username)
		s.slow.succeeded(folded, remote)
		return user, nil
	case errors.As(err, &refusal):
		attempt.End("refused: " + refusal.Reason)
		s.slow.failed(folded, remote)
		s.logger.Warn("login refused", "user", clip(folded), "remote", remote, "reason", refusal.Reason)
		return store.User{}, ErrCredentials
	case errors.Is(err, ErrUnavailable):
		attempt.End("put off: " + err.Error())
		s.logger.Warn("login put off", "user", clip(folded), "remote", remote, "err", err)
		return store.User{}, ErrUnavailable
	}
	attempt.End("a fault of the server: " + err.Error())
	return store.User{}, fmt.Errorf("checking the password of %q: %w", clip(folded), err)
}

// ask asks those sources that may know the person. A name that a user has
// belongs to that user's source alone: a namesake elsewhere must never be let
// in as this user. Any other login is tried in the order of the sources, and so
// is the name of a user whose source was removed: it may be back.
func (s *Service) ask(ctx context.Context, attempt Attempt, login string, known store.User, password string) (store.User, error) {
	switch {
	case password == "":
		return store.User{}, &Refusal{"the password is empty"}
	case len(password) > maxPasswordBytes:
		return store.User{}, &Refusal{"the password is too long"}
	}
	own := known.ID != 0 && known.Folded == Fold(login) && !known.Released()
	var reasons []string
	var unavailable error
	for _, src := range attempt.Sources() {
		if own && !belongs(known, src) {
			continue
		}
		user, err := s.askSource(ctx, attempt, src, known, password)
		var refusal *Refusal
		switch {
		case err == nil:
			return user, nil
		case errors.As(err, &refusal):
			reasons = append(reasons, src.Name+": "+refusal.Reason)
		case errors.Is(err, ErrUnavailable):
			unavailable = errors.Join(unavailable, fmt.Errorf("%s: %w", src.Name, err))
		default:
			return store.User{}, err
		}
	}
	switch {
	case unavailable != nil:
		return store.User{}, unavailable
	case len(reasons) == 0:
		return store.User{}, &Refusal{"no source that may know the user is enabled"}
	}
	return store.User{}, &Refusal{strings.Join(reasons, "; ")}
}

// belongs tells whether a source is the user's.
func belongs(user store.User, src SourceRef) bool {
	if user.SourceID == nil {
		return src.Local
	}
	return *user.SourceID == src.ID
}

func (s *Service) askSource(ctx context.Context, attempt Attempt, src SourceRef, known store.User, password string) (store.User, error) {
	if src.Local {
		return s.askLocal(ctx, known, password)
	}
	person, err := attempt.Ask(ctx, src.ID, password)
	if err != nil {
		return store.User{}, err
	}
	user, err := s.Adopt(ctx, src, person)
	if errors.Is(err, ErrInvalid) || errors.Is(err, ErrTaken) {
		return user, &Refusal{"the password is right, but there can be no account: " + err.Error()}
	}
	return user, err
}

// askLocal checks the password of a user who is kept here.
func (s *Service) askLocal(ctx context.Context, known store.User, password string) (store.User, error) {
	here := known.ID != 0 && known.SourceID == nil
	hash := noHash
	if here && known.PasswordHash != "" {
		hash = known.PasswordHash
	}
	ok, err := s.passwordMatches(ctx, hash, password)
	switch {
	case err != nil:
		return store.User{}, err
	case !here:
		return store.User{}, &Refusal{"unknown user"}
	case !ok:
		return store.User{}, &Refusal{"wrong password"}
	}
	return known, nil
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

// unserved says why a user gets no service.
func unserved(user store.User) string {
	if user.State != store.UserActive {
		return "user is " + string(user.State)
	}
	return "user is barred: " + user.BarredReason
}

// clip bounds what a stranger can write into the log.
func clip(text string) string {
	if len(text) > 2*maxNameRunes {
		return text[:2*maxNameRunes] + "..."
	}
	return text
}
