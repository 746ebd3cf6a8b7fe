// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"errors"

	"jamibox/enroll/directory/source"
)

var (
	// ErrUnavailable tells that a source which may know the person cannot be
	// asked at the moment. It says nothing about the password.
	ErrUnavailable = errors.New("the directory that knows this user cannot be asked at the moment; try again later")
	// ErrElsewhere tells that what was to be changed is kept by the directory
	// that the user comes from.
	ErrElsewhere = errors.New("the user comes from a directory: it is changed there")
)

// Refusal says why a login was refused, for the log and the administrator.
// It is an ErrCredentials, which is all that the person is told.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return r.Reason }

// Is makes a refusal an ErrCredentials.
func (r *Refusal) Is(target error) bool { return target == ErrCredentials }

// SourceRef is a source that users come from.
type SourceRef struct {
	ID   int64
	Name string
	// Local marks the one whose passwords are kept here.
	Local bool
}

// Sources checks logins against the directories that users come from. It is
// safe for concurrent use.
type Sources interface {
	// Begin opens the record of a login.
	Begin(login, remote string) Attempt
}

// Attempt is one login, with the sources as they are at its beginning. Each is
// used by one goroutine.
type Attempt interface {
	// Sources returns the enabled sources in their order.
	Sources() []SourceRef
	// Ask returns the person whom a source, which is not the local one, lets in
	// with this password. Errors: *Refusal, ErrUnavailable, or that of ctx.
	Ask(ctx context.Context, sourceID int64, password string) (source.Person, error)
	// End closes the record.
	End(verdict string)
}

// UseSources tells the service whom to ask for users that are not kept here.
// It must be called before the service is used; without it there are none.
func (s *Service) UseSources(sources Sources) { s.sources = sources }

// localOnly stands for the users kept here alone.
type localOnly struct{}

func (localOnly) Begin(string, string) Attempt { return localOnly{} }
func (localOnly) Sources() []SourceRef         { return []SourceRef{{Name: "local", Local: true}} }
func (localOnly) End(string)                   {}

func (localOnly) Ask(context.Context, int64, string) (source.Person, error) {
	return source.Person{}, &Refusal{"there is no such source"}
}
