// SPDX-License-Identifier: GPL-3.0-or-later

// Package interop holds tests of the builtin DHT node among real ones: programs
// of OpenDHT that join it, die, lose the network and come back. Each test is a
// network of its own, by the number that messages carry, since all share the
// machine's ports with other tests.
//
// The tests need the Debian package dhtnode; with the variable
// JAMIBOX_NEWER_DHTNODE naming programs of other releases, separated like the
// folders in PATH, they play with those as well (newer.sh makes one). That of the
// C library compiles testdata/peer.c with libopendht-c-dev, and with what was
// installed into the folders that JAMIBOX_NEWER_OPENDHT names. Those that cut or
// renumber a network make namespaces and need root. go test -full waits for what
// takes minutes, and -churn 2m compares a network around our node with one around
// dhtnode, at the same time.
//
// The package must not know how the node works: it starts it, and uses its
// methods and counters.
package interop
