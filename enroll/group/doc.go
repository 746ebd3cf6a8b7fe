// SPDX-License-Identifier: GPL-3.0-or-later

// Package group keeps the groups of the organisation: who is in them, by hand
// or by a group of a directory, and what follows from it: who may enrol, how
// many devices a person may have, who finds whom, what is shown of whom, and which
// policy the clients of members are given.
//
// Where the groups of a person differ, the most generous one counts; only a
// field that one of them hides is hidden. A person without a group is free,
// unless admission asks for a group.
//
// It knows no HTTP, no devices, no settings of clients, and no directory but what
// the last synchronisation stored.
package group
