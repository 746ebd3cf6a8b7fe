// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"encoding/hex"
	"net/netip"
)

// ID names a node or a key. The zero ID names nothing.
type ID [20]byte

// String returns the 40 hexadecimal digits that OpenDHT prints.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether the ID names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// Node is an entry of the compact lists n4 and n6.
type Node struct {
	ID   ID
	Addr netip.AddrPort
}
