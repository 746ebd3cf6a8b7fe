// SPDX-License-Identifier: GPL-3.0-or-later

// Package node is the builtin node: it answers the other nodes of the DHT over
// UDP, keeps values and listeners for them, and keeps itself known to them.
//
// A Node runs one server at a time. The server has one reader for each address
// family, a few workers that check signatures, and a clock for all that is due
// at some time. They take turns under one lock, since no turn takes long: what
// a turn wants to send is noted in an outbox, which is sent when the turn is
// over. What is slow, signatures and files, happens outside of turns, and whoever
// goes through all that is stored takes many of them.
//
// A peer hears from the address of ours that it used last, if there are several:
// firewalls and connected sockets let nothing else through.
//
// Whatever the network can make grow is bounded: requests and answers in a
// second, messages in parts that are not complete yet, values whose signature
// waits to be checked, requests of our own that wait for an answer. Beyond a
// bound things are dropped and counted, and the protocol's repeats make up for
// it. Sources can be forged, so an address that has not proved that it hears us
// draws few bytes (see Config.Unproven) and makes us keep none.
//
// OpenDHT stores only what it is among the closest fourteen nodes for, of those
// in its buckets, which is nearly everything that writers send to it. Our tables
// know far more nodes, some of which have just left: by that rule we would refuse
// what nobody else is there to keep. So what is put is stored, whatever the key.
//
// A node that comes, or comes back, is given what is stored here of the keys that
// it is close to and what it lacks of that, if Config.Replicate asks for it. Values
// keep their time of creation. OpenDHT does not do so by default, and the protocol
// has no other way to fill a node: writers repeat themselves, and nobody can be
// asked for the keys that he holds.
//
// The package must not know users, devices, the relay or the supervisor.
package node
