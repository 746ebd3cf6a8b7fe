// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"iter"
	"math"

	"github.com/tinylib/msgp/msgp"
)

// RowList holds the rows in a reply to a query that selects fields.
type RowList struct {
	// Fields are those that each row holds.
	Fields Fields

	packed []byte
	count  int
}

// Len returns the number of rows, of which All may skip some.
func (l RowList) Len() int { return l.count }

// All yields the rows. One that cannot be read is skipped: OpenDHT writes a
// whole key where it expects the owner's id.
func (l RowList) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		b := l.packed
		for range l.count {
			row, rest, err := cutRow(b, l.Fields)
			if rest == nil {
				return
			}
			if b = rest; err == nil && !yield(row) {
				return
			}
		}
	}
}

func (l *RowList) read(b []byte) error {
	var fields, cells []byte
	err := eachField(b, maxDepth, func(key, value []byte) error {
		switch string(key) {
		case "f":
			fields = value
		case "v":
			cells = value
		}
		return nil
	})
	if err != nil {
		return err
	}
	if fields == nil || cells == nil {
		return wrongField("rows lack f or v")
	}
	if l.Fields, err = readSelect(fields); err != nil {
		return err
	}
	if l.Fields == 0 {
		return wrongField("rows have no known field")
	}
	count, cells, err := readArray(cells)
	l.count, l.packed = count/l.Fields.count(), cells
	return err
}

// cutRow returns the first row of b and what follows it, which is nil only if b
// does not hold a row at all.
func cutRow(b []byte, fields Fields) (row Row, rest []byte, err error) {
	for field := FieldID; field <= FieldUserType; field <<= 1 {
		if fields&field == 0 {
			continue
		}
		cell, after, cut := cutBounded(b, maxDepth)
		if cut != nil {
			return Row{}, nil, cut
		}
		if b = after; err == nil {
			err = row.readCell(field, cell)
		}
	}
	return row, b, err
}

func (r *Row) readCell(field Fields, b []byte) (err error) {
	var n uint64
	switch field {
	case FieldID:
		r.ID, err = readUint(b, math.MaxUint64)
	case FieldType:
		n, err = readUint(b, math.MaxUint16)
		r.Type = uint16(n)
	case FieldOwner:
		err = readID(b, &r.Owner)
	case FieldSeq:
		n, err = readUint(b, math.MaxUint16)
		r.Seq = uint16(n)
	case FieldUserType:
		r.UserType, err = readText(b)
	}
	return err
}

func appendRows(b []byte, fields Fields, rows []Row) []byte {
	fields &= allFields
	// The misspelt name is the real one.
	b = msgp.AppendString(b, "fileds")
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendString(b, "f")
	b = appendSelect(b, fields)
	b = msgp.AppendString(b, "v")
	b = msgp.AppendArrayHeader(b, uint32(len(rows)*fields.count()))
	for i := range rows {
		b = appendRow(b, fields, &rows[i])
	}
	return b
}

func appendRow(b []byte, fields Fields, row *Row) []byte {
	if fields&FieldID != 0 {
		b = msgp.AppendUint64(b, row.ID)
	}
	if fields&FieldType != 0 {
		b = msgp.AppendUint16(b, row.Type)
	}
	if fields&FieldOwner != 0 {
		b = msgp.AppendBytes(b, row.Owner[:])
	}
	if fields&FieldSeq != 0 {
		b = msgp.AppendUint16(b, row.Seq)
	}
	if fields&FieldUserType != 0 {
		b = msgp.AppendStringFromBytes(b, row.UserType)
	}
	return b
}

func appendSelect(b []byte, fields Fields) []byte {
	b = msgp.AppendArrayHeader(b, uint32(fields.count()))
	for number := uint64(1); fieldOf(number) != 0; number++ {
		if fields&fieldOf(number) != 0 {
			b = msgp.AppendUint64(b, number)
		}
	}
	return b
}

func appendQuery(b []byte, q *Query) []byte {
	where := q.Where & allFields &^ FieldSeq
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendString(b, "s")
	b = appendSelect(b, q.Select&allFields)
	b = msgp.AppendString(b, "w")
	b = msgp.AppendArrayHeader(b, uint32(where.count()))
	for number := uint64(1); fieldOf(number) != 0; number++ {
		field := fieldOf(number)
		if where&field == 0 {
			continue
		}
		b = msgp.AppendMapHeader(b, 2)
		b = msgp.AppendString(b, "f")
		b = msgp.AppendUint64(b, number)
		b = msgp.AppendString(b, "v")
		if field == FieldUserType {
			// Text in a row, but bytes in a condition.
			b = msgp.AppendBytes(b, q.Match.UserType)
		} else {
			b = appendRow(b, field, &q.Match)
		}
	}
	return b
}
