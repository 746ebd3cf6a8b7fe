// SPDX-License-Identifier: GPL-3.0-or-later

// Package wire is the message format of OpenDHT: one MessagePack map in each
// UDP datagram. It covers what a probe of a node needs: ping and find requests
// are encoded, replies and error replies are decoded.
//
// Decoding is safe on anything that the network sends: size and nesting are
// bounded before a value is looked at, and memory stays in proportion to the
// datagram.
//
// The package must not know sockets, time, or what a node does with a message.
package wire
