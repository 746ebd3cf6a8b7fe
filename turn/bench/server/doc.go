// SPDX-License-Identifier: GPL-3.0-or-later

// Package server runs the relays that are measured, jamibox's and coturn's,
// each in a process and a network namespace of its own, and reads what the
// kernel accounts to that process.
//
// It must not know what is measured.
package server
