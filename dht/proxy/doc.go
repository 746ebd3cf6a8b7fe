// SPDX-License-Identifier: GPL-3.0-or-later

// Package proxy lets clients use the DHT that cannot keep a node of their own
// alive, such as phones, over HTTPS: the REST face of OpenDHT, in the form that
// its clients of 2023 and later speak (section 13 of the protocol's description).
//
// A listener is an answer that does not end: a line of JSON for each value that
// comes or goes. Listeners at the same key share one listener of the node. An
// answer that can no longer be kept up is broken off instead of ended, for only
// then does a client begin anew at once.
//
// Push notifications need the servers of vendors, which an isolated site does not
// reach. A client that subscribes, to be told by one, is told in the answer to
// its subscription instead, for as long as it keeps the connection.
//
// Whatever clients can make grow is bounded, for one source and in all: requests
// in a second, connections, listeners, what waits to be sent, values that are kept
// alive. A network of 64 bits of IPv6 counts as one source.
//
// The package must not know sockets and messages of the DHT, users, devices or
// where certificates come from.
package proxy
