// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !race

package node

// slowed says that tests take ten times as long as they would.
const slowed = false
