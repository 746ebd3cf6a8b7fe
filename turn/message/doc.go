// SPDX-License-Identifier: GPL-3.0-or-later

// Package message understands and answers single STUN messages (RFC 8489) with
// the attributes of TURN (RFC 8656) and of its TCP allocations (RFC 6062). It
// stands on pion/stun and is total: whatever bytes a stranger sends, it returns
// a message, a value or an error.
//
// It must not know sockets, users, nonces or allocations: whether a request is
// allowed is decided elsewhere.
package message
