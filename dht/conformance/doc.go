// SPDX-License-Identifier: GPL-3.0-or-later

// Package conformance holds the black-box tests of the DHT node: what a
// bootstrap and storage node has to answer, asked over the wire, of the builtin
// node and of dhtnode alike. dhtnode is the reference: where it does something
// else, its deviation is written beside the point, so that a wrong expectation
// of ours shows, and a changed dhtnode too. With the variable
// JAMIBOX_NEWER_DHTNODE naming programs of releases 3 and 4, separated like the
// folders in PATH, those are asked as well;
// with those of packaging/check-windows.sh the builtin node of jamibox.exe too.
//
// The tests know a node by its port. They must not use any package of the node
// beyond starting it and the codec, by which answers are read; requests they
// write themselves, so that they can send what no well-behaved peer sends.
//
// go test -v ends with how many points each node holds; -slow adds the points
// that take long or much of the machine.
package conformance
