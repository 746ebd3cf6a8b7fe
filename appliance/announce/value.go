// SPDX-License-Identifier: GPL-3.0-or-later

package announce

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/wire"
)

// priority is what Jami clients give their own lists.
const priority = 1

// keyOf returns the key of an account, whose id is 40 hexadecimal digits.
func keyOf(accountID string) (key wire.ID, err error) {
	id, err := hex.DecodeString(accountID)
	if err == nil && len(id) != len(key) {
		err = hex.ErrLength
	}
	if err != nil {
		return key, fmt.Errorf("reading the account id %q: %w", accountID, err)
	}
	return wire.ID(id), nil
}

// valueOf returns a list as clients put it. Its id follows from its content, so
// that a repeat meets the value that it repeats.
func valueOf(der []byte) *wire.Value {
	sum := sha256.Sum256(der)
	// Nodes refuse a value with the id 0.
	id := max(binary.BigEndian.Uint64(sum[:]), 1)
	return &wire.Value{ID: id, Priority: priority, Type: wire.TypeUserData, Data: msgp.AppendBytes(nil, der)}
}
