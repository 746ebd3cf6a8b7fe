// SPDX-License-Identifier: GPL-3.0-or-later

// Package box builds the program jamibox and runs one server of it in a
// namespace of the lab, set up and administered only through its command line,
// as an admin would.
//
// It must not import the server: the tests prove the program that is shipped.
package box
