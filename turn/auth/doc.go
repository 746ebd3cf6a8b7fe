// SPDX-License-Identifier: GPL-3.0-or-later

// Package auth checks that requests are signed with the long-term credentials
// of RFC 8489, section 9.2, answers those that are not, and bounds how often it
// does so.
//
// It must not know where keys come from, nor sockets or allocations: it asks
// [Keys], and is told who holds the allocation that a request is about.
package auth
