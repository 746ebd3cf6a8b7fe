// SPDX-License-Identifier: GPL-3.0-or-later

// Package receipt makes what a Jami client keeps as proof that a device belongs
// to an account: the signed device receipt, and in it the announcement that the
// client puts on the DHT. Both are prescribed byte by byte.
//
// It must not know certificates, HTTP or the database.
package receipt
