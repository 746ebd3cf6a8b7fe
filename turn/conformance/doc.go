// SPDX-License-Identifier: GPL-3.0-or-later

// Package conformance holds the black-box tests of the relay: what a TURN
// server has to answer (RFC 8656, RFC 6062, RFC 8489), asked over the wire, of
// jamibox and of coturn alike. coturn is the reference: where it does
// something else, its deviation is written beside the point, so that a wrong
// expectation of ours shows, and a changed coturn too.
//
// The tests know a relay by its addresses and the credentials of its users.
// They must not use any package of the relay beyond starting it: they have a
// client of their own, which can send what no well-behaved client sends.
//
// go test -v ends with how many points each relay holds; -slow adds the points
// that wait for timers.
//
// The tests run in network namespaces of their own, the relay and its clients
// in one and the peers in another. For that they need Linux, root, and the
// programs of coturn, iproute2 and util-linux.
package conformance
