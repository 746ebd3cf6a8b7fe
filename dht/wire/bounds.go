// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"fmt"

	"github.com/tinylib/msgp/msgp"
)

const (
	// MaxDatagram is the size in bytes of the largest datagram that is decoded.
	MaxDatagram = 64 << 10

	// MaxValueSize is the largest Value.Size, in bytes, that nodes store.
	MaxValueSize = 64 << 10

	// MaxPackedValue is the largest packed value, in bytes, that is taken in
	// parts.
	MaxPackedValue = MaxValueSize + 32

	// maxDepth bounds how many maps and arrays may lie within each other. Real
	// messages need six; msgp by itself would follow 100,000.
	maxDepth = 16
)

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
		if b, err = msgp.Skip(b); err != nil {
			return nil, malformed(err)
		}
		return b, nil
	}
	if err != nil {
		return nil, malformed(err)
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

// cutBounded returns the first value of b and what follows it.
func cutBounded(b []byte, levels int) (value, rest []byte, err error) {
	if rest, err = skipBounded(b, levels); err != nil {
		return nil, nil, err
	}
	end := len(b) - len(rest)
	return b[:end:end], rest, nil
}

// eachField calls read with each key and its value in the map b. Keys that are
// no text are skipped. An error of read ends the walk and is returned with the
// key. The values may hold containers levels-1 deep.
func eachField(b []byte, levels int, read func(key, value []byte) error) error {
	if msgp.NextType(b) != msgp.MapType {
		return wrongField("is not a map")
	}
	size, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return malformed(err)
	}
	for range size {
		var key, value []byte
		isText := msgp.NextType(b) == msgp.StrType
		if isText {
			if key, b, err = msgp.ReadStringZC(b); err != nil {
				return malformed(err)
			}
		} else if b, err = skipBounded(b, levels-1); err != nil {
			return err
		}
		if value, b, err = cutBounded(b, levels-1); err != nil {
			return err
		}
		if !isText {
			continue
		}
		if err = read(key, value); err != nil {
			return fmt.Errorf("field %.20q: %w", key, err)
		}
	}
	return nil
}

// readArray returns the number of elements in the array b, and the elements.
func readArray(b []byte) (count int, elements []byte, err error) {
	if msgp.NextType(b) != msgp.ArrayType {
		return 0, nil, wrongField("is not an array")
	}
	size, elements, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil {
		return 0, nil, malformed(err)
	}
	return int(size), elements, nil
}
