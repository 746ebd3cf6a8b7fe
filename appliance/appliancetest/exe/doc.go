// SPDX-License-Identifier: GPL-3.0-or-later

// Package exe runs jamibox.exe, the box as a Windows program, for the tests of any
// part, which are skipped where it cannot be run. packaging/check-windows.sh sets
// up all that is needed and names it in the environment.
//
// It must not know what tests ask of the box.
package exe
