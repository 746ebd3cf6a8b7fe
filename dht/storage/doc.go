// SPDX-License-Identifier: GPL-3.0-or-later

// Package storage keeps the values that peers put into the DHT until they
// expire, and the listeners that want to hear of them: the rules of OpenDHT on
// who may store, replace and refresh what, for how long, and how much.
//
// Check applies the rules that need only the value, above all its signature,
// and may run on many goroutines. A Store applies the others. It keeps each
// value as the bytes that were received, because readers check signatures over
// them, and parses them anew in the few cases that need more than id and type.
//
// Values belong to the address that wrote them. Each address has a heap of its
// values by expiry, and the addresses are kept in two heaps, by their first
// expiry and by their bytes: what is next to expire and what is first to be
// evicted are at hand without looking at the rest. Nothing else bounds the
// number of keys: each of them holds a value or a listener, and both are bounded.
//
// The package opens no socket, starts no goroutine and takes the time as an
// argument. It must not know messages, tokens or the nodes of the DHT.
package storage
