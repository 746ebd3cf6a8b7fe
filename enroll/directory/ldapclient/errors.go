// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"errors"
	"fmt"

	"jamibox/enroll/directory/source"
)

// What a directory may say of a login.
var (
	// ErrUnknown tells that nobody has this login or id.
	ErrUnknown = errors.New("unknown to the directory")
	// ErrAmbiguous tells that several have it, so that nobody may use it.
	ErrAmbiguous = errors.New("several entries have this login")
	// ErrClosed tells that the client was used after Close.
	ErrClosed = errors.New("the client is closed")
)

// Unavailable tells that the directory did not answer: nothing is known about
// the person.
type Unavailable struct {
	// Reason is in words, with the advice for the administrator.
	Reason string
	Err    error
}

func (e *Unavailable) Error() string { return "directory unavailable: " + e.Reason }

// Unwrap returns the cause.
func (e *Unavailable) Unwrap() error { return e.Err }

// Misconfigured tells that the directory answers and yet cannot be used as it
// is configured. Nothing is known about the person.
type Misconfigured struct {
	Reason string
	Err    error
}

func (e *Misconfigured) Error() string { return "directory misconfigured: " + e.Reason }

// Unwrap returns the cause.
func (e *Misconfigured) Unwrap() error { return e.Err }

// Refused tells that the directory does not let the person in.
type Refused struct {
	// Wrong tells that the password is not the right one; otherwise State
	// says what else is in the way.
	Wrong  bool
	State  source.State
	Reason string
}

func (e *Refused) Error() string { return "refused by the directory: " + e.Reason }

// Incomplete tells that a list of entries was cut off: who is not in it need
// not be gone.
type Incomplete struct {
	Reason string
	Err    error
}

func (e *Incomplete) Error() string {
	return fmt.Sprintf("the directory's answer is incomplete: %s", e.Reason)
}

// Unwrap returns the cause.
func (e *Incomplete) Unwrap() error { return e.Err }
