// SPDX-License-Identifier: GPL-3.0-or-later

// Package ldapclient asks a directory over the network: it finds the entry of
// a login, tries passwords, searches, pages through everybody and resolves
// groups, over several servers of which any may be down; and it explains step
// by step to an administrator what works and what does not.
//
// It must not know the database, accounts or what becomes of the answers.
package ldapclient
