// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"errors"
	"fmt"
)

// Reasons for which Message.Decode refuses a datagram. Every error that it
// returns is exactly one of them to errors.Is.
var (
	ErrTooLarge    = fmt.Errorf("datagram exceeds %d bytes", MaxDatagram)
	ErrTooDeep     = fmt.Errorf("message nests deeper than %d levels", maxDepth)
	ErrMalformed   = errors.New("not sound MessagePack")
	ErrNotMap      = errors.New("datagram is not a map")
	ErrUnknownKind = errors.New("message is of no known kind")
	ErrNoBody      = errors.New("message lacks the map that its kind needs")
	ErrNoSender    = errors.New("message names no sender")
	ErrField       = errors.New("field is not as expected")
)

// Codes of the error replies that nodes send.
const (
	CodeIncomplete   = 203 // key or value id is missing
	CodeUnauthorized = 401 // token is missing or wrong
	CodeNotFound     = 404 // refresh of a key that holds nothing
)

// Error is the refusal of a request by a node.
type Error struct {
	Code int
	Text string
}

// Error implements error. The text comes from the network, so it is quoted and
// cut.
func (e *Error) Error() string { return fmt.Sprintf("error %d: %.100q", e.Code, e.Text) }

func malformed(err error) error { return fmt.Errorf("%w: %w", ErrMalformed, err) }

// wrongType is for a field that msgp could not read as what it must be.
func wrongType(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrField, err)
}

func wrongField(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrField, fmt.Sprintf(format, args...))
}
