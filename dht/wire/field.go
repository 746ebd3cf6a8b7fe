// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/tinylib/msgp/msgp"
)

// eachField calls read with each key and its value, the bytes of which go on to
// the end of b. An error of read ends the walk and is returned with the key.
// The bounds of b must have been checked.
func eachField(b []byte, read func(key string, value []byte) error) error {
	size, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return err
	}
	for range size {
		var key []byte
		if key, b, err = msgp.ReadMapKeyZC(b); err != nil {
			return fmt.Errorf("key of map: %w", err)
		}
		if err = read(string(key), b); err != nil {
			return fmt.Errorf("field %.20q: %w", key, err)
		}
		if b, err = msgp.Skip(b); err != nil {
			return err
		}
	}
	return nil
}

// readTransaction takes an integer, or the four big-endian bytes that old
// releases send instead.
func readTransaction(b []byte) (uint32, error) {
	switch msgp.NextType(b) {
	case msgp.BinType, msgp.StrType:
		blob, err := readBlob(b)
		if err != nil {
			return 0, err
		}
		if len(blob) != 4 {
			return 0, fmt.Errorf("has %d bytes, expected 4", len(blob))
		}
		return binary.BigEndian.Uint32(blob), nil
	default:
		t, _, err := msgp.ReadUint32Bytes(b)
		return t, err
	}
}

// readBlob takes bin or str, as real nodes do for everything but ids and
// addresses. The result shares memory with b.
func readBlob(b []byte) (blob []byte, err error) {
	if msgp.NextType(b) == msgp.StrType {
		blob, _, err = msgp.ReadStringZC(b)
	} else {
		blob, _, err = msgp.ReadBytesZC(b)
	}
	return blob, err
}

func readAddr(b []byte) (netip.Addr, error) {
	raw, _, err := msgp.ReadBytesZC(b)
	if err != nil {
		return netip.Addr{}, err
	}
	addr, ok := netip.AddrFromSlice(raw)
	if !ok {
		return netip.Addr{}, fmt.Errorf("address has %d bytes, expected 4 or 16", len(raw))
	}
	return addr, nil
}

// readNodes appends the entries of a compact list whose addresses are addrSize
// bytes long: id, address, port.
func (r *Reply) readNodes(b []byte, addrSize int) error {
	blob, err := readBlob(b)
	if err != nil {
		return err
	}
	idSize := len(ID{})
	entrySize := idSize + addrSize + 2
	if len(blob)%entrySize != 0 {
		return fmt.Errorf("node list has %d bytes, expected a multiple of %d", len(blob), entrySize)
	}
	for ; len(blob) > 0; blob = blob[entrySize:] {
		addr, _ := netip.AddrFromSlice(blob[idSize : idSize+addrSize])
		port := binary.BigEndian.Uint16(blob[idSize+addrSize:])
		r.Nodes = append(r.Nodes, Node{ID: ID(blob[:idSize]), Addr: netip.AddrPortFrom(addr, port)})
	}
	return nil
}
