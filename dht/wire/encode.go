// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import "github.com/tinylib/msgp/msgp"

// Header is what every request carries.
type Header struct {
	// Transaction comes back in the answer. Real nodes never use 0.
	Transaction uint32
	// Sender is the node id of the asker.
	Sender ID
	// Client says that the asker stores nothing for others, so the asked node
	// neither lists it nor sends it requests of its own.
	Client bool
}

// AppendPing appends a ping request to b and returns the longer slice.
func AppendPing(b []byte, h Header) []byte {
	b = appendRequest(b, h, "ping", 1)
	return appendID(b, "id", h.Sender)
}

// AppendFind appends a find request for the nodes nearest to target, of both
// address families, to b and returns the longer slice.
func AppendFind(b []byte, h Header, target ID) []byte {
	b = appendRequest(b, h, "find", 3)
	b = appendID(b, "id", h.Sender)
	b = appendID(b, "target", target)
	b = msgp.AppendString(b, "w")
	// The wanted families carry each platform's own number for IPv6. A reader
	// skips those that it does not know, so all of them are sent.
	families := [...]int{
		2,  // IPv4, everywhere
		10, // IPv6 on Linux
		23, // IPv6 on Windows
		28, // IPv6 on FreeBSD
		30, // IPv6 on Apple systems
	}
	b = msgp.AppendArrayHeader(b, uint32(len(families)))
	for _, family := range families {
		b = msgp.AppendInt(b, family)
	}
	return b
}

// appendRequest writes the envelope up to the header of the argument map, which
// comes last so that the caller only has to append the arguments.
func appendRequest(b []byte, h Header, method string, arguments uint32) []byte {
	fields := uint32(4)
	if h.Client {
		fields++
	}
	b = msgp.AppendMapHeader(b, fields)
	if h.Client {
		b = msgp.AppendString(b, "s")
		b = msgp.AppendBool(b, true)
	}
	b = msgp.AppendString(b, "y")
	b = msgp.AppendString(b, "q")
	b = msgp.AppendString(b, "q")
	b = msgp.AppendString(b, method)
	b = msgp.AppendString(b, "t")
	b = msgp.AppendUint32(b, h.Transaction)
	b = msgp.AppendString(b, "a")
	return msgp.AppendMapHeader(b, arguments)
}

func appendID(b []byte, key string, id ID) []byte {
	b = msgp.AppendString(b, key)
	return msgp.AppendBytes(b, id[:])
}
