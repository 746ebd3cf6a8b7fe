// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import "github.com/tinylib/msgp/msgp"

// AppendPing appends a ping request to b and returns the longer slice.
func AppendPing(b []byte, h Header) []byte { return appendRequest(b, h, "ping", 0) }

// AppendFind appends a find request for the nodes nearest to target, of both
// address families, to b and returns the longer slice.
func AppendFind(b []byte, h Header, target ID) []byte {
	b = appendRequest(b, h, "find", 2)
	b = appendID(b, "target", target)
	b = msgp.AppendString(b, "w")
	return appendFamilies(b)
}

// AppendGet appends a get request for the values under key that q selects, and
// for nodes of both address families, to b and returns the longer slice.
func AppendGet(b []byte, h Header, key ID, q *Query) []byte {
	arguments := uint32(2)
	if !q.IsZero() {
		arguments++
	}
	b = appendRequest(b, h, "get", arguments)
	b = appendID(b, "h", key)
	b = msgp.AppendString(b, "w")
	b = appendFamilies(b)
	if !q.IsZero() {
		b = msgp.AppendString(b, "q")
		b = appendQuery(b, q)
	}
	return b
}

// AppendPut appends a put request to b and returns the longer slice. Created is
// in Unix seconds, 0 for now. Values that are InParts are only announced.
func AppendPut(b []byte, h Header, key ID, token []byte, created int64, values [][]byte) []byte {
	arguments := uint32(3)
	if created > 0 {
		arguments++
	}
	b = appendRequest(b, h, "put", arguments)
	b = appendID(b, "h", key)
	b = appendValues(b, values)
	if created > 0 {
		b = appendUint(b, "c", uint64(created))
	}
	return appendToken(b, token)
}

// AppendRefresh appends a request to keep a value longer to b and returns the
// longer slice.
func AppendRefresh(b []byte, h Header, key ID, token []byte, valueID uint64) []byte {
	b = appendRequest(b, h, "refresh", 3)
	b = appendID(b, "h", key)
	b = appendUint(b, "vid", valueID)
	return appendToken(b, token)
}

// AppendListen appends a listen request, in version 1, to b and returns the
// longer slice. Pushes to it will name socket.
func AppendListen(b []byte, h Header, key ID, token []byte, socket uint32, q *Query) []byte {
	arguments := uint32(4)
	if !q.IsZero() {
		arguments++
	}
	b = appendRequest(b, h, "listen", arguments)
	b = appendUint(b, "ve", 1)
	b = appendID(b, "h", key)
	b = appendToken(b, token)
	b = appendUint(b, "sid", uint64(socket))
	if !q.IsZero() {
		b = msgp.AppendString(b, "q")
		b = appendQuery(b, q)
	}
	return b
}

// AppendUpdate appends the push of values to a version 1 listener to b and
// returns the longer slice. Token is a fresh one for the listener. Values that
// are InParts are only announced. A version 0 listener gets an Answer instead.
func AppendUpdate(b []byte, h Header, socket uint32, token []byte, key ID, values [][]byte) []byte {
	b = appendRequest(b, h, "update", 5)
	b = appendUint(b, "sid", uint64(socket))
	b = appendToken(b, token)
	b = appendUint(b, "ve", 1)
	b = appendID(b, "h", key)
	return appendValues(b, values)
}

// AppendRefreshed tells a version 1 listener, in a request, which values were
// refreshed. It appends to b and returns the longer slice.
func AppendRefreshed(b []byte, h Header, socket uint32, token []byte, ids []uint64) []byte {
	return appendUpdatedIDs(b, h, socket, token, "re", ids)
}

// AppendExpired tells a version 1 listener, in a request, which values are
// gone. It appends to b and returns the longer slice.
func AppendExpired(b []byte, h Header, socket uint32, token []byte, ids []uint64) []byte {
	return appendUpdatedIDs(b, h, socket, token, "exp", ids)
}

func appendUpdatedIDs(b []byte, h Header, socket uint32, token []byte, name string, ids []uint64) []byte {
	b = appendRequest(b, h, "update", 3)
	b = appendUint(b, "sid", uint64(socket))
	b = appendToken(b, token)
	return appendIDs(b, name, ids)
}
