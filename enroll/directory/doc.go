// SPDX-License-Identifier: GPL-3.0-or-later

// Package directory finds people of the organisation for clients: by parts of
// their names, mail addresses or phone numbers. It only ever returns people
// who have a Jami account and are active. It knows no HTTP.
package directory
