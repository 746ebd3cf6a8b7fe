// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"iter"
	"math"

	"github.com/tinylib/msgp/msgp"
)

// readBody reads the map of a request, reply, error or note. All share their
// names of fields.
func (m *Message) readBody(b []byte) error {
	return eachField(b, maxDepth-1, func(key, value []byte) (err error) {
		switch string(key) {
		case "id":
			return readID(value, &m.Sender)
		case "h":
			if m.Kind != KindFind {
				return readID(value, &m.Key)
			}
		case "target":
			if m.Kind == KindFind {
				return readID(value, &m.Key)
			}
		case "token":
			m.Token, err = readBlob(value)
		case "sid":
			m.Socket, err = readTransaction(value)
		case "ve":
			var version uint64
			version, err = readUint(value, math.MaxInt32)
			m.Version = int(version)
		case "vid":
			m.ValueID, err = readUint(value, math.MaxUint64)
		case "c":
			m.Created, _, err = msgp.ReadInt64Bytes(value)
			err = wrongType(err)
		case "w":
			m.HasWant = true
			m.Want, err = readFamilies(value)
		case "q":
			m.Query, err = readQuery(value)
		case "values":
			m.Values.count, m.Values.packed, err = readArray(value)
		case "re":
			err = m.Refreshed.read(value)
		case "exp":
			err = m.Expired.read(value)
		case "sa":
			m.Seen, err = readAddr(value)
		case "n4":
			m.Nodes.v4, err = readNodes(value, 4)
		case "n6":
			m.Nodes.v6, err = readNodes(value, 16)
		case "fileds":
			err = m.Rows.read(value)
		}
		return err
	})
}

// read takes the code, and the text if there is one.
func (e *Error) read(b []byte) error {
	count, b, err := readArray(b)
	if err != nil {
		return err
	}
	if count == 0 {
		return wrongField("error has no code")
	}
	var code uint16
	if code, b, err = msgp.ReadUint16Bytes(b); err != nil {
		return wrongType(err)
	}
	e.Code = int(code)
	if count > 1 && msgp.NextType(b) == msgp.StrType {
		e.Text, _, err = msgp.ReadStringBytes(b)
	}
	return wrongType(err)
}

// IDList is a list of value ids in a datagram.
type IDList struct {
	packed []byte
	count  int
}

// Len returns the number of ids.
func (l IDList) Len() int { return l.count }

// All yields the ids in the order received.
func (l IDList) All() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		b := l.packed
		for range l.count {
			id, rest, err := msgp.ReadUint64Bytes(b)
			if err != nil || !yield(id) {
				return
			}
			b = rest
		}
	}
}

func (l *IDList) read(b []byte) error {
	count, elements, err := readArray(b)
	if err != nil {
		return err
	}
	*l = IDList{packed: elements, count: count}
	for range count {
		if _, elements, err = msgp.ReadUint64Bytes(elements); err != nil {
			return wrongType(err)
		}
	}
	return nil
}

// ValueList is the list of values of a put, update or reply in a datagram.
type ValueList struct {
	packed []byte
	count  int
}

// Element is an entry of a ValueList: a value, or the announcement that it
// follows in parts.
type Element struct {
	// Packed is the value, to be read by ParseValue; nil if it follows.
	Packed []byte
	// Length is the number of packed bytes that follow, at most MaxPackedValue.
	Length int
}

// Len returns the number of entries, of which All may skip some.
func (l ValueList) Len() int { return l.count }

// All yields each entry with its index, by which parts refer to it. Announced
// values that are empty or too large are skipped.
func (l ValueList) All() iter.Seq2[int, Element] {
	return func(yield func(int, Element) bool) {
		b := l.packed
		for i := range l.count {
			value, rest, err := cutBounded(b, maxDepth)
			if err != nil {
				return
			}
			b = rest
			element := Element{Packed: value}
			if kind := msgp.NextType(value); kind == msgp.IntType || kind == msgp.UintType {
				length, err := readUint(value, MaxPackedValue)
				if err != nil || length == 0 {
					continue
				}
				element = Element{Length: int(length)}
			}
			if !yield(i, element) {
				return
			}
		}
	}
}
