// SPDX-License-Identifier: GPL-3.0-or-later

// Package datadir opens the data folder: makes it if absent, keeps others out of
// it, and holds the lock that lets only one jamibox use it.
//
// It must not know what is in the folder, beyond its own lock file.
package datadir
