// SPDX-License-Identifier: GPL-3.0-or-later

// Package wire is the message format of OpenDHT: one MessagePack map in each
// UDP datagram. Message.Decode reads every kind that a node receives, the
// Append functions write every kind that it sends, and Value, Query, PublicKey
// and CertificateKey read what the messages carry.
//
// Decoding is safe on anything that the network sends: size and nesting are
// bounded before a value is looked at, memory stays in proportion to the
// datagram, and what is refused is an error that errors.Is can tell by reason.
// Decoded messages and values share memory with the bytes they were read from.
//
// The package must not know sockets, time, or what a node does with a message.
package wire
