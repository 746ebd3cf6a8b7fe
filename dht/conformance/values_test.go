// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bytes"
	"maps"
	"slices"

	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/wire"
)

// plain packs a value of user data.
func plain(id uint64, data string) []byte {
	return (&wire.Value{ID: id, Data: []byte(data)}).Append(nil)
}

// putMessages returns a put and the parts that follow it, if any.
func (c *client) putMessages(token []byte, key wire.ID, more fields, values ...[]byte) [][]byte {
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = rawValue(value)
		if wire.InParts(values) {
			list[i] = uint64(len(value))
		}
	}
	arguments := fields{"h": key[:], "token": token, "values": list}
	maps.Copy(arguments, more)
	messages := [][]byte{c.request("put", arguments)}
	if wire.InParts(values) {
		for part := range wire.Parts(nil, wire.Header{Transaction: c.last}, values) {
			messages = append(messages, bytes.Clone(part))
		}
	}
	return messages
}

// put stores values and returns the first answer.
func (c *client) put(key wire.ID, values ...[]byte) answer {
	c.t.Helper()
	return c.putWith(c.token(), key, nil, values...)
}

func (c *client) putWith(token []byte, key wire.ID, more fields, values ...[]byte) answer {
	c.t.Helper()
	c.send(c.putMessages(token, key, more, values...)...)
	return c.await(c.answers(c.last))
}

// values returns the packed values in an answer, those in parts included.
func (c *client) values(a answer) [][]byte {
	c.t.Helper()
	var values [][]byte
	for i, element := range a.Values.All() {
		value := bytes.Clone(element.Packed)
		for len(value) < element.Length {
			part := c.await(func(p answer) bool { return p.Kind == wire.KindPart && p.Transaction == a.Transaction })
			if part.silent() {
				return append(values, []byte("incomplete"))
			}
			for p := range part.Parts.All() {
				if p.Index != i || p.Offset != len(value) {
					return append(values, []byte("out of order"))
				}
				value = append(value, p.Data...)
			}
		}
		values = append(values, value)
	}
	return values
}

func (c *client) get(key wire.ID, query fields) [][]byte {
	c.t.Helper()
	arguments := fields{"h": key[:]}
	if query != nil {
		arguments["q"] = query
	}
	a := c.ask("get", arguments)
	if a.silent() {
		return [][]byte{[]byte("silence")}
	}
	return c.values(a)
}

// kept says whether the node keeps exactly these values, at least one, under
// the key.
func (c *client) kept(key wire.ID, values ...[]byte) string {
	c.t.Helper()
	found := c.get(key, nil)
	slices.SortFunc(found, bytes.Compare)
	slices.SortFunc(values, bytes.Compare)
	switch {
	case len(found) == 0:
		return "nothing"
	case slices.EqualFunc(found, values, bytes.Equal):
		return "kept"
	}
	return "something else"
}

// stored puts a value under a new key and says how that went.
func (c *client) stored(value []byte) string {
	c.t.Helper()
	key := randomID()
	return seen(c.put(key, value), c.kept(key, value))
}

// replaced puts one value and then another under a new key, and says which of
// them is kept.
func (c *client) replaced(first, second []byte) string {
	c.t.Helper()
	key := randomID()
	if saw := seen(c.put(key, first), c.kept(key, first)); saw != "reply, kept" {
		return "first: " + saw
	}
	answered := c.put(key, second)
	switch "kept" {
	case c.kept(key, second):
		return seen(answered, "second")
	case c.kept(key, first):
		return seen(answered, "first")
	}
	return seen(answered, "something else")
}

// rawValue is a packed value as part of a message.
func rawValue(packed []byte) msgp.Raw { return msgp.Raw(packed) }
