// SPDX-License-Identifier: GPL-3.0-or-later

// Package process runs a long-lived program in a namespace of the lab, with
// its output in a log file that tests look into and show when they fail.
//
// It must not know which program it runs.
package process
