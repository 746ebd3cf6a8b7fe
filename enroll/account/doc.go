// SPDX-License-Identifier: GPL-3.0-or-later

// Package account keeps the people: users with their profiles, passwords and
// Jami accounts (a key and a certificate each, made when the user is created),
// administrators, and the tokens of both.
//
// A user whom a directory knows has no password here: who checks it is asked
// through Sources. It knows no HTTP, no LDAP and no devices. The organisation's CA
// comes from package organization; rows go to package store.
package account
