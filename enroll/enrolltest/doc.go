// SPDX-License-Identifier: GPL-3.0-or-later

// Package enrolltest gives tests a box that is ready in milliseconds: a
// database in a temporary folder, sealed secrets, and an organisation whose
// CA key is quick to make. It is for tests only, and it does not know package
// account, so that account's own tests can use it.
package enrolltest
