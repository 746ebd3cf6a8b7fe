// SPDX-License-Identifier: GPL-3.0-or-later

// Package crowd is a load generator: any number of UDP clients of a relay, and
// their peer, behind two sockets. Each client has an address of its own, which
// the sockets put on every packet, so one system call sends for many clients
// and the generator takes less time than what it measures.
//
// It must not know which relay it talks to.
package crowd
