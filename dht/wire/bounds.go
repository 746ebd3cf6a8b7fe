// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"errors"
	"fmt"

	"github.com/tinylib/msgp/msgp"
)

const (
	// MaxDatagram is the size in bytes of the largest datagram that is decoded.
	MaxDatagram = 64 << 10

	// maxDepth bounds how many maps and arrays may lie within each other. Real
	// messages need six; msgp by itself would follow 100,000.
	maxDepth = 16
)

// Errors of datagrams that are refused unread.
var (
	ErrTooLarge = fmt.Errorf("datagram exceeds %d bytes", MaxDatagram)
	ErrTooDeep  = fmt.Errorf("datagram nests deeper than %d levels", maxDepth)
	errNotMap   = errors.New("datagram is not a map")
)

// checkBounds returns nil if b begins with one complete map within the limits
// of size and nesting. What follows the map is not looked at: real nodes ignore
// it too.
func checkBounds(b []byte) error {
	if len(b) > MaxDatagram {
		return ErrTooLarge
	}
	if msgp.NextType(b) != msgp.MapType {
		return errNotMap
	}
	_, err := skipBounded(b, maxDepth)
	return err
}

// skipBounded returns what follows the first value of b, whose containers may
// lie at most levels deep.
func skipBounded(b []byte, levels int) ([]byte, error) {
	var (
		size  uint32
		count uint64
		err   error
	)
	switch msgp.NextType(b) {
	case msgp.MapType:
		size, b, err = msgp.ReadMapHeaderBytes(b)
		count = 2 * uint64(size)
	case msgp.ArrayType:
		size, b, err = msgp.ReadArrayHeaderBytes(b)
		count = uint64(size)
	default:
		return msgp.Skip(b)
	}
	if err != nil {
		return nil, err
	}
	if levels == 0 {
		return nil, ErrTooDeep
	}
	// A count that lies ends at the first missing element.
	for range count {
		if b, err = skipBounded(b, levels-1); err != nil {
			return nil, err
		}
	}
	return b, nil
}
