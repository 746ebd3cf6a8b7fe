// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"bytes"
	"math"

	"github.com/tinylib/msgp/msgp"
)

// Fields is a set of the fields of values that queries name.
type Fields uint8

// The fields, in the order of their numbers in messages, which begin at 1.
const (
	FieldID Fields = 1 << iota
	FieldType
	FieldOwner
	FieldSeq
	FieldUserType

	allFields = FieldID | FieldType | FieldOwner | FieldSeq | FieldUserType
)

// fieldOf returns 0 for a number that names no field.
func fieldOf(number uint64) Fields {
	if number < 1 || number > 5 {
		return 0
	}
	return 1 << (number - 1)
}

// count returns the number of fields in the set.
func (f Fields) count() (n int) {
	for ; f != 0; f &= f - 1 {
		n++
	}
	return n
}

// Row holds the fields of one value. Those that nobody asked for are zero.
type Row struct {
	ID       uint64
	Type     uint16
	Seq      uint16
	Owner    ID // short id of the owner's key; zero if there is no owner
	UserType []byte
}

// Query selects values, and fields of them. The zero Query matches every value
// and selects all of it. A decoded Query shares memory with the datagram.
type Query struct {
	// Select holds the fields to return; none stands for whole values.
	Select Fields
	// Where holds the fields that must equal those of Match. OpenDHT cannot
	// express FieldSeq here, so it is not sent.
	Where Fields
	Match Row
	// never is set when two conditions exclude each other.
	never bool
}

// IsZero reports whether the query selects every value in full.
func (q *Query) IsZero() bool { return q.Select == 0 && q.Where == 0 && !q.never }

// Needs returns the fields that a Row must have for Matches and for the answer.
func (q *Query) Needs() Fields { return q.Select | q.Where }

// Clone returns a copy that shares no memory with the datagram.
func (q Query) Clone() Query {
	q.Match.UserType = bytes.Clone(q.Match.UserType)
	return q
}

// Matches reports whether the value with these fields is asked for. An owner
// that is not there matches no condition.
func (q *Query) Matches(row *Row) bool {
	switch {
	case q.never:
		return false
	case q.Where&FieldID != 0 && row.ID != q.Match.ID:
		return false
	case q.Where&FieldType != 0 && row.Type != q.Match.Type:
		return false
	case q.Where&FieldOwner != 0 && (row.Owner != q.Match.Owner || row.Owner.IsZero()):
		return false
	case q.Where&FieldSeq != 0 && row.Seq != q.Match.Seq:
		return false
	case q.Where&FieldUserType != 0 && !bytes.Equal(row.UserType, q.Match.UserType):
		return false
	}
	return true
}

func readQuery(b []byte) (Query, error) {
	var (
		q                   Query
		hasSelect, hasWhere bool
	)
	err := eachField(b, maxDepth, func(key, value []byte) (err error) {
		switch string(key) {
		case "s":
			hasSelect = true
			q.Select, err = readSelect(value)
		case "w":
			hasWhere = true
			err = q.readWhere(value)
		}
		return err
	})
	if err == nil && !(hasSelect && hasWhere) {
		err = wrongField("query lacks s or w")
	}
	return q, err
}

// readSelect skips numbers that name no field.
func readSelect(b []byte) (Fields, error) {
	count, b, err := readArray(b)
	if err != nil {
		return 0, err
	}
	var fields Fields
	for range count {
		var number uint64
		if number, b, err = msgp.ReadUint64Bytes(b); err != nil {
			return 0, wrongType(err)
		}
		fields |= fieldOf(number)
	}
	return fields, nil
}

func (q *Query) readWhere(b []byte) error {
	count, b, err := readArray(b)
	if err != nil {
		return err
	}
	for range count {
		var clause []byte
		if clause, b, err = cutBounded(b, maxDepth); err != nil {
			return err
		}
		if err = q.readClause(clause); err != nil {
			return err
		}
	}
	return nil
}

func (q *Query) readClause(b []byte) error {
	var number, value []byte
	err := eachField(b, maxDepth, func(key, v []byte) error {
		switch string(key) {
		case "f":
			number = v
		case "v":
			value = v
		}
		return nil
	})
	if err != nil {
		return err
	}
	if number == nil || value == nil {
		return wrongField("condition lacks f or v")
	}
	n, err := readUint(number, math.MaxUint32)
	if err != nil {
		return err
	}
	field := fieldOf(n)
	var match Row
	switch field {
	case FieldID:
		match.ID, err = readUint(value, math.MaxUint64)
	case FieldType:
		var valueType uint64
		valueType, err = readUint(value, math.MaxUint64)
		match.Type = uint16(valueType)
		q.never = q.never || valueType > math.MaxUint16
	case FieldOwner:
		err = readID(value, &match.Owner)
	case FieldUserType:
		match.UserType, err = readBlob(value)
	default:
		err = wrongField("condition on field %d, which cannot be asked for", n)
	}
	if err != nil {
		return err
	}
	q.restrict(field, &match)
	return nil
}

// restrict adds the condition that the field equals that of match.
func (q *Query) restrict(field Fields, match *Row) {
	if q.Where&field != 0 {
		same := Query{Where: field, Match: q.Match}
		q.never = q.never || !same.Matches(match)
		return
	}
	q.Where |= field
	switch field {
	case FieldID:
		q.Match.ID = match.ID
	case FieldType:
		q.Match.Type = match.Type
	case FieldOwner:
		q.Match.Owner = match.Owner
	case FieldUserType:
		q.Match.UserType = match.UserType
	}
}
