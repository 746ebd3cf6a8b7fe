// SPDX-License-Identifier: GPL-3.0-or-later

// Package directory finds people of the organisation for clients: by parts of
// their names, mail addresses or phone numbers. It looks into the users of the
// box and asks the directories that they come from at the same time. It only
// ever returns people who have a Jami account and are served, and of these whom
// the searcher's groups may find.
//
// It knows no HTTP, and no LDAP but the people that a directory answers with.
package directory
