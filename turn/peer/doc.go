// SPDX-License-Identifier: GPL-3.0-or-later

// Package peer decides which transport addresses a relay may exchange data
// with, so that it opens a way between clients and not into the box it runs on.
// It must not know clients, allocations or sockets.
package peer
