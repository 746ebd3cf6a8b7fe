// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"errors"

	"jamibox/dht/wire"
)

// reason tells why a message was not heeded.
type reason uint8

const (
	reasonMalformed reason = iota
	reasonTooLarge
	reasonTooDeep
	reasonNotMap
	reasonUnknownKind
	reasonNoBody
	reasonNoSender
	reasonField
	reasonAddress
	reasonNetwork
	reasonOwnID
	reasonUnasked
	reasonIncomplete
	reasonToken
	reasonNotFound

	reasons = iota
)

// String returns a few words, for logs and labels.
func (r reason) String() string {
	return [reasons]string{
		"malformed", "too large", "too deep", "not a map", "unknown kind", "no body", "no sender", "wrong field",
		"impossible address", "other network", "own id", "unasked", "incomplete", "wrong token", "not found",
	}[r]
}

// reasonOf returns why a datagram could not be decoded.
func reasonOf(err error) reason {
	for r, sentinel := range [...]error{
		reasonTooLarge: wire.ErrTooLarge, reasonTooDeep: wire.ErrTooDeep, reasonNotMap: wire.ErrNotMap,
		reasonUnknownKind: wire.ErrUnknownKind, reasonNoBody: wire.ErrNoBody, reasonNoSender: wire.ErrNoSender,
		reasonField: wire.ErrField,
	} {
		if sentinel != nil && errors.Is(err, sentinel) {
			return reason(r)
		}
	}
	return reasonMalformed
}

// reasonOfCode returns why a request is answered with an error.
func reasonOfCode(code uint16) reason {
	switch code {
	case wire.CodeIncomplete:
		return reasonIncomplete
	case wire.CodeUnauthorized:
		return reasonToken
	default:
		return reasonNotFound
	}
}
