// SPDX-License-Identifier: GPL-3.0-or-later

// Package policy says what Jami clients are told: the settings that make a
// client work in this organisation (bootstrap, relay, name server), those that
// an administrator adds, and those that must never be sent because they would
// break a client. It knows no HTTP and no certificates.
package policy
