// SPDX-License-Identifier: GPL-3.0-or-later

// Package beside is for programs that measure a service of the box beside its
// peer in one run: the table of both with their ratios and goals, what a process
// spent, and how much other programs disturbed. It must not know what is measured.
package beside
