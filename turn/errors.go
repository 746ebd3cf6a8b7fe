// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import "errors"

var (
	// ErrNotRunning is returned by Check while Run is not serving.
	ErrNotRunning = errors.New("relay is not running")
	// ErrNoIPv4 is returned by Run when no IPv4 address is advertised.
	ErrNoIPv4 = errors.New("no IPv4 address to relay from: add the IPv4 address that clients reach this box at to turn.advertise")

	errWeakMaster     = errors.New("relay master secret is missing or shorter than 16 bytes")
	errPortsExhausted = errors.New("no relayed port is free")
	errNoTCPRelay     = errors.New("relayed TCP addresses are not served")
)

// permanentError marks a failure that the same settings will always lead to,
// so that the supervisor waits for new ones instead of trying again.
type permanentError struct{ err error }

func (e permanentError) Error() string   { return e.err.Error() }
func (e permanentError) Unwrap() error   { return e.err }
func (e permanentError) Permanent() bool { return true }
