// SPDX-License-Identifier: GPL-3.0-or-later

// Package turn is the relay: a TURN server (RFC 8656, and RFC 6062 for TCP) on
// UDP, TCP and TLS, through which clients that cannot reach each other directly
// exchange their packets and connections.
//
// This package owns the listening sockets and wires the parts together:
//
//	message     STUN messages: framing, attributes, answers
//	auth        who signed a request (long-term credentials)
//	credential  the credentials of devices, derived from a secret
//	peer        which peers may be reached
//	port        relayed ports in use
//	ledger      who has which allocation: quotas, live list, history, counters
//	udprelay    relayed UDP: the gate in front of pion/turn
//	tcprelay    relayed TCP, which is ours, since pion/turn v3 has none
//	pionlog     pion's messages as lines of our log
//
// A message goes from a socket here to one of the two relays; both ask auth,
// ledger and peer, and nothing asks back.
//
// It must not know users, databases, HTTP or any other room of the appliance:
// a device is an opaque string to it, and whoever revokes one says so through
// its [jamibox/turn/credential.Credentials].
package turn
