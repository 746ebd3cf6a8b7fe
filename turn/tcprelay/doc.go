// SPDX-License-Identifier: GPL-3.0-or-later

// Package tcprelay serves TCP allocations (RFC 6062): a client's control
// connection, the relayed address that peers dial or that the client dials
// from, and the data connections that are joined with those of peers.
//
// It must not know listeners of clients, TLS settings, devices or HTTP. It is
// handed connections whose first message has been read, and asks the packages
// beside it who may have what.
package tcprelay
