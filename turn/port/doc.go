// SPDX-License-Identifier: GPL-3.0-or-later

// Package port hands out the ports of relayed transport addresses, each to one
// allocation at a time. It must not know what is opened on them, nor for whom.
package port
