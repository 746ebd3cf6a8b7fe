// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import "errors"

var (
	// ErrNotFound tells that there is no such source.
	ErrNotFound = errors.New("there is no such source")
	// ErrTaken tells that another source has the name.
	ErrTaken = errors.New("a source of this name is there already")
	// ErrInvalid tells that a value given by a person cannot be used; the text
	// says which and why.
	ErrInvalid = errors.New("invalid source")
	// ErrLocal tells that the source of the users kept here has no settings and
	// cannot be removed.
	ErrLocal = errors.New("the users of this box itself have no directory: their source can only be moved, disabled and enabled")
	// ErrNoCertificates tells that a directory showed no certificates.
	ErrNoCertificates = errors.New("the directory shows no certificates")
	// ErrInUse tells that users belong to a source that was to be removed.
	ErrInUse = errors.New("users belong to the source: they keep their devices but cannot enrol any more; " +
		"confirm by releasing them, or disable the source instead")
)
