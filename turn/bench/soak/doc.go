// SPDX-License-Identifier: GPL-3.0-or-later

// Package soak keeps jamibox's relay under a mixed load of well-behaved, rude
// and refused clients, compares every byte that comes through, and then counts
// what stayed behind: goroutines, descriptors, sockets, allocations, memory.
//
// It must not know how the relay works inside.
package soak
