// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import "github.com/tinylib/msgp/msgp"

// TokenSize is the length in bytes of the tokens that nodes hand out.
const TokenSize = 32

// Header is what every message carries.
type Header struct {
	// Transaction is new in a request, never 0, and comes back in the answer.
	// Version 0 pushes carry the listener's socket id instead.
	Transaction uint32
	// Network is 0 in networks of Jami.
	Network uint32
	// Sender is the node id of the sender.
	Sender ID
	// Client says that the sender stores nothing for others, so the other node
	// neither lists it nor sends it requests of its own.
	Client bool
}

// appendEnvelope writes all but the fields of the given number, which the
// caller appends.
func appendEnvelope(b []byte, h Header, kind string, fields uint32) []byte {
	fields += 2
	if h.Client {
		fields++
	}
	if h.Network != 0 {
		fields++
	}
	b = msgp.AppendMapHeader(b, fields)
	if h.Client {
		b = msgp.AppendString(b, "s")
		b = msgp.AppendBool(b, true)
	}
	if h.Network != 0 {
		b = msgp.AppendString(b, "n")
		b = msgp.AppendUint32(b, h.Network)
	}
	b = msgp.AppendString(b, "y")
	b = msgp.AppendString(b, kind)
	b = msgp.AppendString(b, "t")
	return msgp.AppendUint32(b, h.Transaction)
}

// appendRequest writes the envelope and the sender's id. The other arguments,
// of the given number, are to be appended by the caller.
func appendRequest(b []byte, h Header, method string, arguments uint32) []byte {
	b = appendEnvelope(b, h, "q", 2)
	b = msgp.AppendString(b, "q")
	b = msgp.AppendString(b, method)
	return appendBody(b, h, "a", arguments)
}

func appendBody(b []byte, h Header, name string, fields uint32) []byte {
	b = msgp.AppendString(b, name)
	b = msgp.AppendMapHeader(b, 1+fields)
	return appendID(b, "id", h.Sender)
}

func appendID(b []byte, key string, id ID) []byte {
	b = msgp.AppendString(b, key)
	return msgp.AppendBytes(b, id[:])
}

func appendToken(b, token []byte) []byte {
	b = msgp.AppendString(b, "token")
	return msgp.AppendBytes(b, token)
}

func appendUint(b []byte, key string, n uint64) []byte {
	b = msgp.AppendString(b, key)
	return msgp.AppendUint64(b, n)
}

func appendIDs(b []byte, key string, ids []uint64) []byte {
	b = msgp.AppendString(b, key)
	b = msgp.AppendArrayHeader(b, uint32(len(ids)))
	for _, id := range ids {
		b = msgp.AppendUint64(b, id)
	}
	return b
}
