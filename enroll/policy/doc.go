// SPDX-License-Identifier: GPL-3.0-or-later

// Package policy says what Jami clients are told: the settings that make a
// client work in this organisation (bootstrap, relay, name server), those that
// an administrator adds for everyone or for the members of groups, and those
// that must never be sent because they would break a client.
//
// Later ones go before earlier ones, key by key: the box's own, everyone's, then
// the policies of the user's groups in the order of their priorities.
//
// It knows no HTTP, no certificates, and of groups only which policies they
// give.
package policy
