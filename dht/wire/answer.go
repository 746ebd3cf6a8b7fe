// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"net/netip"

	"github.com/tinylib/msgp/msgp"
)

// Answer is what a reply holds; zero fields are left out. Which ones belong
// into it depends on the request:
//
//	ping, update     Seen
//	find             Seen, Nodes, Token
//	get              Seen, Nodes, Token, and Values or Rows
//	put, refresh     Seen, ValueID
//	listen           Seen, Token
//	push, version 0  as get; the header's Transaction is the socket id
//
// Clients shun a node that answers find or get without a token.
type Answer struct {
	// Seen is the asker's address.
	Seen netip.Addr
	// Nodes may be of both families and should be sorted, nearest first.
	Nodes   []Node
	Token   []byte
	ValueID uint64
	// Values are packed values. If they are InParts, the reply only announces
	// them.
	Values [][]byte
	// Rows stand in place of Values when the query selects the fields Select.
	Select Fields
	Rows   []Row
}

// AppendAnswer appends a reply to b and returns the longer slice. It allocates
// nothing if b has room.
func AppendAnswer(b []byte, h Header, a *Answer) []byte {
	v4, v6 := countNodes(a.Nodes)
	var fields uint32
	for _, present := range [...]bool{
		a.Seen.IsValid(), v4 > 0, v6 > 0, len(a.Token) > 0, a.ValueID != 0, len(a.Values) > 0, len(a.Rows) > 0,
	} {
		if present {
			fields++
		}
	}
	b = appendEnvelope(b, h, "r", 1)
	b = appendBody(b, h, "r", fields)
	if a.Seen.IsValid() {
		b = appendAddr(b, a.Seen)
	}
	if v4 > 0 {
		b = msgp.AppendString(b, "n4")
		b = appendNodes(b, a.Nodes, IPv4, v4)
	}
	if v6 > 0 {
		b = msgp.AppendString(b, "n6")
		b = appendNodes(b, a.Nodes, IPv6, v6)
	}
	if len(a.Token) > 0 {
		b = appendToken(b, a.Token)
	}
	if a.ValueID != 0 {
		b = appendUint(b, "vid", a.ValueID)
	}
	if len(a.Values) > 0 {
		b = appendValues(b, a.Values)
	}
	if len(a.Rows) > 0 {
		b = appendRows(b, a.Select, a.Rows)
	}
	return b
}

// AppendError appends the refusal of a request to b and returns the longer
// slice.
func AppendError(b []byte, h Header, code uint16, text string) []byte {
	b = appendEnvelope(b, h, "e", 2)
	b = msgp.AppendString(b, "e")
	b = msgp.AppendArrayHeader(b, 2)
	b = msgp.AppendUint16(b, code)
	b = msgp.AppendString(b, text)
	return appendBody(b, h, "r", 0)
}

// AppendRefreshedNote is AppendRefreshed for a version 0 listener, whose socket
// id is the header's Transaction.
func AppendRefreshedNote(b []byte, h Header, token []byte, ids []uint64) []byte {
	return appendNote(b, h, token, "re", ids)
}

// AppendExpiredNote is AppendExpired for a version 0 listener, whose socket id
// is the header's Transaction.
func AppendExpiredNote(b []byte, h Header, token []byte, ids []uint64) []byte {
	return appendNote(b, h, token, "exp", ids)
}

func appendNote(b []byte, h Header, token []byte, name string, ids []uint64) []byte {
	// Real nodes mark a note as a reply; its map tells that it is none.
	b = appendEnvelope(b, h, "r", 1)
	b = appendBody(b, h, "u", 2)
	b = appendToken(b, token)
	return appendIDs(b, name, ids)
}

func appendAddr(b []byte, addr netip.Addr) []byte {
	b = msgp.AppendString(b, "sa")
	if addr = addr.Unmap(); addr.Is4() {
		raw := addr.As4()
		return msgp.AppendBytes(b, raw[:])
	}
	raw := addr.As16()
	return msgp.AppendBytes(b, raw[:])
}
