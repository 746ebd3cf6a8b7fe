// SPDX-License-Identifier: GPL-3.0-or-later

// Package contacts merges the lists that a user's devices share through the
// server: contacts, conversations and conversation requests. A device sends
// its whole list and gets the merged one back.
//
// The rules are those of Jami clients of several ages (jams-protocol.md,
// sections 3.3 and 3.4): per entry the newest event wins whole, members that
// the server does not know are kept, and an entry that would make a client
// stop reading the list is refused when it comes in. The package knows no HTTP.
package contacts
