// SPDX-License-Identifier: GPL-3.0-or-later

// Package account keeps the people: users with their profiles, passwords and
// Jami accounts (a key and a certificate each, made when the user is created),
// administrators, and the tokens of both.
//
// It knows no HTTP and no devices. The organisation's CA comes from package
// organization; rows go to package store.
package account
