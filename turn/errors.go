// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import "errors"

var (
	// ErrNotRunning is returned by Check while Run is not serving.
	ErrNotRunning = errors.New("relay is not running")
	// ErrNoAddress is returned by Run when no address is advertised.
	ErrNoAddress = errors.New("no address to relay from: add the IP address that clients reach this box at to turn.advertise")
)

// permanentError marks a failure that the same settings will always lead to,
// so that the supervisor waits for new ones instead of trying again.
type permanentError struct{ err error }

func (e permanentError) Error() string   { return e.err.Error() }
func (e permanentError) Unwrap() error   { return e.err }
func (e permanentError) Permanent() bool { return true }
