// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/tinylib/msgp/msgp"
)

// The readers below take one field value whose bounds have been checked, and
// return ErrField for one of the wrong type, size or range.

// readTransaction takes an integer, or the four big-endian bytes that old
// releases send instead.
func readTransaction(b []byte) (uint32, error) {
	switch msgp.NextType(b) {
	case msgp.BinType, msgp.StrType, msgp.ArrayType:
		blob, err := readBlob(b)
		if err != nil {
			return 0, err
		}
		if len(blob) != 4 {
			return 0, wrongField("has %d bytes, expected 4", len(blob))
		}
		return binary.BigEndian.Uint32(blob), nil
	default:
		t, err := readUint(b, math.MaxUint32)
		return uint32(t), err
	}
}

func readUint(b []byte, limit uint64) (uint64, error) {
	n, _, err := msgp.ReadUint64Bytes(b)
	if err != nil {
		return 0, wrongType(err)
	}
	if n > limit {
		return 0, wrongField("is %d, expected at most %d", n, limit)
	}
	return n, nil
}

// readText takes str or bin.
func readText(b []byte) ([]byte, error) {
	if msgp.NextType(b) == msgp.BinType {
		text, _, err := msgp.ReadBytesZC(b)
		return text, wrongType(err)
	}
	text, _, err := msgp.ReadStringZC(b)
	return text, wrongType(err)
}

// readBlob takes bin, str or an array of integers, as real nodes do for
// everything but ids and addresses. The result shares memory with b, unless it
// was an array.
func readBlob(b []byte) ([]byte, error) {
	if msgp.NextType(b) != msgp.ArrayType {
		return readText(b)
	}
	count, b, err := readArray(b)
	if err != nil {
		return nil, err
	}
	blob := make([]byte, count)
	for i := range blob {
		if blob[i], b, err = msgp.ReadUint8Bytes(b); err != nil {
			return nil, wrongType(err)
		}
	}
	return blob, nil
}

func readID(b []byte, id *ID) error {
	_, err := msgp.ReadExactBytes(b, id[:])
	return wrongType(err)
}

func readAddr(b []byte) (netip.Addr, error) {
	raw, _, err := msgp.ReadBytesZC(b)
	if err != nil {
		return netip.Addr{}, wrongType(err)
	}
	addr, ok := netip.AddrFromSlice(raw)
	if !ok {
		return netip.Addr{}, wrongField("address has %d bytes, expected 4 or 16", len(raw))
	}
	return addr, nil
}
