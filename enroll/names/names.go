// SPDX-License-Identifier: GPL-3.0-or-later

package names

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

var (
	// ErrNotFound tells that nobody has this name or address.
	ErrNotFound = errors.New("nobody has this name or address")
	// ErrInvalid tells that nobody can have it.
	ErrInvalid = errors.New("not a valid name or address")
)

// Entry is a name and its Jami id.
type Entry struct {
	Name string
	// Address is the account id, 40 hex digits.
	Address string
}

// Server looks names up. It is safe for concurrent use.
type Server struct {
	store   *store.Store
	forward *Forwarder
}

// New returns the name server. forward is asked for people whom the box does
// not know; nil: nobody is.
func New(s *store.Store, forward *Forwarder) *Server { return &Server{store: s, forward: forward} }

const maxNameBytes = 256

// ByName returns the entry of a username, in any case. Errors: ErrInvalid,
// ErrNotFound, ErrElsewhere; any other is a fault of the server.
func (s *Server) ByName(ctx context.Context, name string) (Entry, error) {
	if !plausible(name) {
		return Entry{}, ErrInvalid
	}
	e, err := entry(s.store.UserByName(ctx, account.Fold(name)))
	if errors.Is(err, ErrNotFound) && s.forward != nil {
		return s.forward.ByName(ctx, account.Fold(name))
	}
	return e, err
}

func plausible(name string) bool {
	return strings.TrimSpace(name) != "" && len(name) <= maxNameBytes && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, unicode.IsControl)
}

var address = regexp.MustCompile(`^(0[xX])?([0-9a-fA-F]{40})$`)

// ByAddress returns the entry of a Jami id, with or without "0x". Errors as
// for ByName.
func (s *Server) ByAddress(ctx context.Context, text string) (Entry, error) {
	m := address.FindStringSubmatch(text)
	if m == nil {
		return Entry{}, ErrInvalid
	}
	id := strings.ToLower(m[2])
	e, err := entry(s.store.UserByAccountID(ctx, id))
	if errors.Is(err, ErrNotFound) && s.forward != nil {
		return s.forward.ByAddress(ctx, id)
	}
	return e, err
}

// entry answers for disabled and revoked users too: a client that gets "not
// found" for itself forgets its name.
func entry(user store.User, err error) (Entry, error) {
	if errors.Is(err, store.ErrNotFound) {
		return Entry{}, ErrNotFound
	}
	if err != nil {
		return Entry{}, fmt.Errorf("looking up a name: %w", err)
	}
	return Entry{Name: user.Folded, Address: user.AccountID}, nil
}
