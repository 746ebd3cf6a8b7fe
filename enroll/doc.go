// SPDX-License-Identifier: GPL-3.0-or-later

// Package enroll is the enrolment and admin server: it wires the domain below
// it to three HTTP faces (HTTPS for clients and people, plain HTTP for
// revocation, a local socket for the command line) and runs them.
//
// It must not know the relay or the DHT node: what it needs of them are the
// small interfaces in Options, which the appliance fills in.
package enroll
