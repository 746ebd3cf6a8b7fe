// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

// Package load is a number of peers that ask a node as fast as it answers, with
// a fixed number of requests outstanding. It knows the wire only.
package load
