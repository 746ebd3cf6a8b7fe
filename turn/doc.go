// SPDX-License-Identifier: GPL-3.0-or-later

// Package turn is the relay: a TURN server (RFC 8656) on UDP and TCP through
// which clients that cannot reach each other directly exchange their packets.
//
// The protocol is pion/turn's work. This package owns what surrounds it: the
// sockets, the credentials of devices, the relayed ports, the rules on which
// peers may be reached, the counters and the health probe. They sit on the
// seams pion offers:
//
//	datagrams, streams   the listening sockets handed to pion
//	Credentials          its authentication handler
//	relays, relayConn    its relay address generator
//
// It must not know users, databases, HTTP or any other room of the appliance:
// a device is an opaque string to it, and whoever revokes one says so through
// [Credentials.Deny].
package turn
