// SPDX-License-Identifier: GPL-3.0-or-later

package receipt

import (
	"fmt"

	"github.com/tinylib/msgp/msgp"
)

// reader reads the value of one map member and returns what follows it.
type reader func(b []byte) (rest []byte, err error)

// readMap reads a map with exactly the given members, in any order. Depth is
// bounded because nothing is read whose shape is not known beforehand.
func readMap(b []byte, members map[string]reader) ([]byte, error) {
	size, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return nil, err
	}
	if int64(size) != int64(len(members)) {
		return nil, fmt.Errorf("map of %d members where %d are expected", size, len(members))
	}
	seen := make(map[string]bool, len(members))
	for range size {
		var name []byte
		if name, b, err = msgp.ReadStringZC(b); err != nil {
			return nil, fmt.Errorf("reading name of a member: %w", err)
		}
		read, ok := members[string(name)]
		if !ok || seen[string(name)] {
			return nil, fmt.Errorf("member %q is unknown or there twice", name)
		}
		seen[string(name)] = true
		if b, err = read(b); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return b, nil
}

// readWhole reads a map that must fill b.
func readWhole(b []byte, members map[string]reader) error {
	rest, err := readMap(b, members)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%d bytes behind the end", len(rest))
	}
	return nil
}

// into makes the reader that stores a value with one of msgp's functions.
func into[T any](v *T, read func([]byte) (T, []byte, error)) reader {
	return func(b []byte) (rest []byte, err error) {
		*v, rest, err = read(b)
		return rest, err
	}
}

func decodeAnnouncement(b []byte) (announcement, error) {
	var a announcement
	readBody := func(b []byte) ([]byte, error) {
		return readMap(b, map[string]reader{
			"seq":   into(&a.body.seq, msgp.ReadUint16Bytes),
			"owner": into(&a.body.owner, msgp.ReadBytesZC),
			"type":  into(&a.body.valueType, msgp.ReadUint32Bytes),
			"data":  into(&a.body.data, msgp.ReadBytesZC),
		})
	}
	readSigned := func(b []byte) ([]byte, error) {
		return readMap(b, map[string]reader{
			"body": readBody,
			"sig":  into(&a.signature, msgp.ReadBytesZC),
		})
	}
	err := readWhole(b, map[string]reader{"id": into(&a.id, msgp.ReadUint64Bytes), "dat": readSigned})
	return a, err
}

func decodeDeviceData(b []byte) (deviceData, error) {
	var d deviceData
	err := readWhole(b, map[string]reader{
		"dev": into(&d.id, msgp.ReadBytesZC),
		"pk":  into(&d.key, msgp.ReadBytesZC),
	})
	return d, err
}
