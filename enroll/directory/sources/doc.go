// SPDX-License-Identifier: GPL-3.0-or-later

// Package sources keeps the sources that users come from: their order and
// settings in the database, with bind passwords sealed, and a live client for
// each directory that is enabled. It asks them for logins, remembers which of
// them are down, and keeps for the administrator what was done for each login.
//
// It must not know HTTP, users, or what becomes of the people it finds.
package sources
