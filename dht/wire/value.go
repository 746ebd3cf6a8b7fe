// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/tinylib/msgp/msgp"
)

// Value types, by which nodes choose life and store rules. All others behave
// like user data.
const (
	TypeUserData       = 0
	TypeMessage        = 1
	TypeService        = 2
	TypeInstantMessage = 3
	TypeTrustRequest   = 4
	TypeICE            = 5
	TypeCertificate    = 8
)

// ErrValue is returned by ParseValue for what is no readable value.
var ErrValue = errors.New("value is unreadable")

// Value is a parsed value. It shares memory with the bytes it was read from.
type Value struct {
	// Packed is the value as it was received, to be stored and returned as it
	// is; nil in a value that was made here.
	Packed []byte

	ID       uint64
	Priority uint32 // 0 is the highest
	PushType []byte

	// Cypher is all that an encrypted value has besides the fields above.
	Cypher []byte

	Type     uint16
	Data     []byte
	UserType []byte
	// Owner is nil if the value has none. Seq, Recipient and Signature exist
	// only with an owner.
	Owner     PublicKey
	Seq       uint16
	Recipient ID
	Signature []byte
}

// ParseValue reads the packed value at the start of b and ignores what follows
// it. It returns ErrValue, ErrTooDeep or ErrMalformed if there is none. It
// allocates nothing for values of current releases.
func ParseValue(b []byte) (Value, error) {
	packed, _, err := cutBounded(b, maxDepth)
	if err != nil {
		return Value{}, err
	}
	v := Value{Packed: packed}
	if err := v.read(packed); err != nil {
		return Value{}, fmt.Errorf("%w: %w", ErrValue, err)
	}
	return v, nil
}

// Encrypted reports whether only the recipient can read the value.
func (v *Value) Encrypted() bool { return len(v.Cypher) > 0 }

// Signed reports whether the value claims a signature, which Verify checks.
func (v *Value) Signed() bool { return len(v.Owner) > 0 && len(v.Signature) > 0 }

// Size returns the number of bytes that OpenDHT counts for limits.
func (v *Value) Size() int {
	return len(v.Cypher) + len(v.Data) + len(v.Signature) + len(v.UserType) + len(v.PushType)
}

// SameContent reports whether a put of o over v changes nothing: all but id,
// recipient, sequence number and priority are equal. The signature covers
// recipient and sequence number.
func (v *Value) SameContent(o *Value) bool {
	if v.Encrypted() {
		return bytes.Equal(v.Cypher, o.Cypher)
	}
	return bytes.Equal(v.Owner, o.Owner) && v.Type == o.Type && bytes.Equal(v.Data, o.Data) &&
		bytes.Equal(v.UserType, o.UserType) && bytes.Equal(v.Signature, o.Signature) && !o.Encrypted()
}

// Row returns the fields of the value that need names, which share memory with
// it.
func (v *Value) Row(need Fields) Row {
	row := Row{ID: v.ID, Type: v.Type, Seq: v.Seq, UserType: v.UserType}
	if need&FieldOwner != 0 && len(v.Owner) > 0 {
		row.Owner = v.Owner.ID()
	}
	return row
}

// read follows OpenDHT where a key comes twice: the first one counts.
func (v *Value) read(b []byte) error {
	var id, content, priority, push []byte
	err := eachField(b, maxDepth, func(key, value []byte) error {
		switch string(key) {
		case "id":
			keepFirst(&id, value)
		case "dat":
			keepFirst(&content, value)
		case "p":
			keepFirst(&priority, value)
		case "pt":
			keepFirst(&push, value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if id == nil || content == nil {
		return errors.New("lacks id or dat")
	}
	if v.ID, err = readUint(id, math.MaxUint64); err != nil {
		return fmt.Errorf("field id: %w", err)
	}
	if priority != nil {
		n, err := readUint(priority, math.MaxUint32)
		if err != nil {
			return fmt.Errorf("field p: %w", err)
		}
		v.Priority = uint32(n)
	}
	if push != nil {
		if v.PushType, err = readText(push); err != nil {
			return fmt.Errorf("field pt: %w", err)
		}
	}
	if msgp.NextType(content) == msgp.BinType {
		v.Cypher, _, err = msgp.ReadBytesZC(content)
		return wrongType(err)
	}
	return v.readContent(content)
}

func (v *Value) readContent(b []byte) error {
	var body, signature []byte
	err := eachField(b, maxDepth, func(key, value []byte) error {
		switch string(key) {
		case "body":
			keepFirst(&body, value)
		case "sig":
			keepFirst(&signature, value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if body == nil {
		return errors.New("lacks a body")
	}
	if err := v.readBody(body); err != nil {
		return err
	}
	if v.Owner == nil {
		return nil
	}
	if signature == nil {
		return errors.New("has an owner but no signature")
	}
	if v.Signature, err = readBlob(signature); err != nil {
		return fmt.Errorf("field sig: %w", err)
	}
	return nil
}

func (v *Value) readBody(b []byte) error {
	var data, valueType, userType, owner, seq, to []byte
	err := eachField(b, maxDepth, func(key, value []byte) error {
		switch string(key) {
		case "data":
			keepFirst(&data, value)
		case "type":
			keepFirst(&valueType, value)
		case "utype":
			keepFirst(&userType, value)
		case "owner":
			keepFirst(&owner, value)
		case "seq":
			keepFirst(&seq, value)
		case "to":
			keepFirst(&to, value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if data == nil || valueType == nil {
		return errors.New("lacks data or type")
	}
	if v.Data, err = readBlob(data); err != nil {
		return fmt.Errorf("field data: %w", err)
	}
	n, err := readUint(valueType, math.MaxUint16)
	if err != nil {
		return fmt.Errorf("field type: %w", err)
	}
	v.Type = uint16(n)
	if userType != nil {
		if v.UserType, err = readText(userType); err != nil {
			return fmt.Errorf("field utype: %w", err)
		}
	}
	if owner == nil {
		return nil
	}
	return v.readOwner(owner, seq, to)
}

func (v *Value) readOwner(owner, seq, to []byte) error {
	if seq == nil {
		return errors.New("has an owner but no sequence number")
	}
	n, err := readUint(seq, math.MaxUint16)
	if err != nil {
		return fmt.Errorf("field seq: %w", err)
	}
	v.Seq = uint16(n)
	der, err := readBlob(owner)
	if err != nil {
		return fmt.Errorf("field owner: %w", err)
	}
	if v.Owner, err = ParsePublicKey(der); err != nil {
		return fmt.Errorf("field owner: %w", err)
	}
	if to == nil {
		return nil
	}
	if err := readID(to, &v.Recipient); err != nil {
		return fmt.Errorf("field to: %w", err)
	}
	return nil
}

func keepFirst(field *[]byte, value []byte) {
	if *field == nil {
		*field = value
	}
}
