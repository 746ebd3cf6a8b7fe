// SPDX-License-Identifier: GPL-3.0-or-later

// Package discovery makes a DHT node known to its local network, and finds
// others there, by multicast as Jami and dhtnode do: clients that look for
// nodes on the LAN need no bootstrap address.
//
// It tells what it hears and nothing more. It must not know what a node does
// with an address, nor whether anybody really answers there.
package discovery
