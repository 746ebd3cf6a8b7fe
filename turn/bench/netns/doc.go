// SPDX-License-Identifier: GPL-3.0-or-later

// Package netns gives the measurements a network of their own: one namespace
// for clients and peers, which holds any number of addresses, and one for each
// relay, joined to the first by a pair of virtual interfaces. The relays need
// one each because jamibox refuses peers on its own box. Nothing leaves the
// machine.
//
// It must not know what runs in the namespaces.
package netns
