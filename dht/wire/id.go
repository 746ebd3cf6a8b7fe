// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"crypto/sha1"
	"encoding/hex"
)

// ID names a node or a key. The zero ID names nothing.
type ID [20]byte

// String returns the 40 hexadecimal digits that OpenDHT prints.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether the ID names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// HashOf returns the key for a name or other bytes: their SHA-1.
func HashOf(b []byte) ID { return sha1.Sum(b) }
