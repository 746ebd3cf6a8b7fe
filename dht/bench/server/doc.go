// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

// Package server runs the nodes that are measured, each in a process of its
// own, and reads what the kernel accounts to it. It knows nothing of loads.
package server
