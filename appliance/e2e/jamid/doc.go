// SPDX-License-Identifier: GPL-3.0-or-later

// Package jamid runs the Jami daemon of the distribution as one client of a
// test: a home of its own, a private D-Bus, a log file; and wraps the calls and
// signals of its D-Bus interface that the end-to-end tests use.
//
// It must not know the server: what a client is told arrives from there.
package jamid
