// SPDX-License-Identifier: GPL-3.0-or-later

// Package tlslisten is a TLS listener that handshakes before it hands
// connections over, so that clients which dawdle in the handshake hold up
// nobody, and that remembers which clients broke the handshake off and why:
// Jami clients show a lack of trust as a wrong password.
//
// It must not know HTTP, nor where certificates come from.
package tlslisten
