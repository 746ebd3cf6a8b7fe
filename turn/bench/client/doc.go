// SPDX-License-Identifier: GPL-3.0-or-later

// Package client is pion's TURN client at an address of one's choice, and able
// to vanish without a word.
//
// It must not know which relay it talks to.
package client
