// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import "github.com/tinylib/msgp/msgp"

// Append packs the value, without regard to v.Packed, as OpenDHT would, appends
// that to b and returns the longer slice.
func (v *Value) Append(b []byte) []byte {
	fields := uint32(2)
	if v.Priority != 0 {
		fields++
	}
	if len(v.PushType) > 0 {
		fields++
	}
	b = msgp.AppendMapHeader(b, fields)
	b = appendUint(b, "id", v.ID)
	b = msgp.AppendString(b, "dat")
	b = v.appendContent(b)
	if v.Priority != 0 {
		b = appendUint(b, "p", uint64(v.Priority))
	}
	if len(v.PushType) > 0 {
		b = msgp.AppendString(b, "pt")
		b = msgp.AppendStringFromBytes(b, v.PushType)
	}
	return b
}

func (v *Value) appendContent(b []byte) []byte {
	if v.Encrypted() {
		return msgp.AppendBytes(b, v.Cypher)
	}
	if !v.Signed() {
		b = msgp.AppendMapHeader(b, 1)
		b = msgp.AppendString(b, "body")
		return v.AppendBody(b)
	}
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendString(b, "body")
	b = v.AppendBody(b)
	b = msgp.AppendString(b, "sig")
	return msgp.AppendBytes(b, v.Signature)
}

// AppendBody appends the canonical form of the body, over which the signature
// is made, to b and returns the longer slice.
func (v *Value) AppendBody(b []byte) []byte {
	fields := uint32(2)
	if len(v.UserType) > 0 {
		fields++
	}
	if len(v.Owner) > 0 {
		fields += 2
		if !v.Recipient.IsZero() {
			fields++
		}
	}
	b = msgp.AppendMapHeader(b, fields)
	if len(v.Owner) > 0 {
		b = appendUint(b, "seq", uint64(v.Seq))
		b = msgp.AppendString(b, "owner")
		b = msgp.AppendBytes(b, v.Owner)
		if !v.Recipient.IsZero() {
			b = appendID(b, "to", v.Recipient)
		}
	}
	b = appendUint(b, "type", uint64(v.Type))
	b = msgp.AppendString(b, "data")
	b = msgp.AppendBytes(b, v.Data)
	if len(v.UserType) > 0 {
		b = msgp.AppendString(b, "utype")
		b = msgp.AppendStringFromBytes(b, v.UserType)
	}
	return b
}
