// SPDX-License-Identifier: GPL-3.0-or-later

// Package bulk makes many users at once out of a CSV file, and writes one.
//
// A file is checked as a whole before anything is done; with one wrong line
// nobody is made. What passed is stored, and from then on each of its users will
// be made, one after another, also after a restart: making the keys of thousands
// of accounts takes hours.
//
// It knows no HTTP; users are made by package account, memberships by package
// group.
package bulk
