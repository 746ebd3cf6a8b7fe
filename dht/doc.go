// SPDX-License-Identifier: GPL-3.0-or-later

// Package dht runs the bootstrap node of the private OpenDHT network that Jami
// clients meet in, and proves that it works by asking it as a client would.
//
// The work is done by an Engine: the builtin one, of the packages below, or
// dhtnode, the OpenDHT program run as a child process. Service puts readiness,
// health and status around whatever engine the settings name.
//
//	wire         messages and values, both ways
//	routing      which other nodes there are, and who is told of them
//	storage      values with their rules, and who listens for them
//	token, limit write tokens; rates
//	node         sockets and the protocol: the builtin node
//	discovery    how it is found on the local network
//	proxy        its values over HTTPS, for clients without a node
//	conformance  each rule of the protocol, against the builtin node and dhtnode
//
// The package must not know users, devices, the relay or the supervisor.
package dht
