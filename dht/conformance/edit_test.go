// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"crypto/rand"

	"jamibox/dht/wire"
)

// edits returns a point that puts one value over another.
func edits(row, want, dhtnode string, values func(c *client) (first, second wire.Value)) point {
	return point{row: "edit: " + row, want: want, dhtnode: dhtnode, try: func(c *client) string {
		first, second := values(c)
		return c.replaced(first.Append(nil), second.Append(nil))
	}}
}

// version returns a value signed by one of the keys.
func (c *client) version(key int, seq uint16, data string) wire.Value {
	return c.signedBy(key, wire.Value{ID: 7, Seq: seq, Data: []byte(data)})
}

func editPoints() []point {
	unsigned := func(data string) wire.Value { return wire.Value{ID: 7, Data: []byte(data)} }
	return []point{
		edits("unsigned value by other data", "reply, first", "", func(*client) (a, b wire.Value) {
			return unsigned("one"), unsigned("two")
		}),
		edits("encrypted value", "reply, first", "", func(*client) (a, b wire.Value) {
			return wire.Value{ID: 7, Cypher: []byte("one")}, wire.Value{ID: 7, Cypher: []byte("two")}
		}),
		edits("signed value by a higher sequence number", "reply, second", "", func(c *client) (a, b wire.Value) {
			return c.version(0, 3, "one"), c.version(0, 4, "two")
		}),
		edits("signed value by a much higher sequence number", "reply, second", "", func(c *client) (a, b wire.Value) {
			return c.version(0, 3, "one"), c.version(0, 65535, "two")
		}),
		edits("signed value by the same sequence number", "reply, first", "", func(c *client) (a, b wire.Value) {
			return c.version(0, 3, "one"), c.version(0, 3, "two")
		}),
		edits("signed value by a lower sequence number", "reply, first", "", func(c *client) (a, b wire.Value) {
			return c.version(0, 3, "one"), c.version(0, 2, "two")
		}),
		edits("signed value by another owner", "reply, first", "", func(c *client) (a, b wire.Value) {
			return c.version(0, 3, "one"), c.version(1, 4, "two")
		}),
		// dhtnode ends by that.
		{row: "edit: signed value by an unsigned one", variant: fresh, want: "reply, first", dhtnode: "silence, something else",
			try: func(c *client) string {
				signed := c.version(0, 3, "one")
				second := unsigned("two")
				return c.replaced(signed.Append(nil), second.Append(nil))
			}},
		edits("unsigned value by a signed one", "reply, first", "", func(c *client) (a, b wire.Value) {
			return unsigned("one"), c.version(0, 3, "two")
		}),
		edits("signed value by a forged one", "reply, first", "", func(c *client) (a, b wire.Value) {
			forged := c.version(0, 4, "two")
			forged.Data = []byte("abc")
			return c.version(0, 3, "one"), forged
		}),
		keeps("signature: right", "reply, kept", "", func(c *client) []byte {
			v := c.version(0, 3, "data")
			return v.Append(nil)
		}),
		keeps("signature: right, with recipient, type and user type", "reply, kept", "", func(c *client) []byte {
			v := c.signed(wire.Value{
				ID: 7, Seq: 3, Type: wire.TypeTrustRequest, Data: []byte("data"), UserType: []byte("x"), Recipient: randomID(),
			})
			return v.Append(nil)
		}),
		keeps("signature: of other data", "reply, nothing", "", func(c *client) []byte {
			v := c.version(0, 3, "data")
			v.Data = []byte("else")
			return v.Append(nil)
		}),
		keeps("signature: random", "reply, nothing", "", func(c *client) []byte {
			v := c.version(0, 3, "data")
			rand.Read(v.Signature)
			return v.Append(nil)
		}),
		keeps("signature: by a key on an elliptic curve", "reply, nothing", "", func(c *client) []byte {
			v := c.signedByCurve(wire.Value{ID: 7, Seq: 3, Data: []byte("data")})
			return v.Append(nil)
		}),
		{row: "signature: owner without signature", want: "silence", try: func(c *client) string {
			v := c.version(0, 3, "data")
			value := pack(fields{"id": 7, "dat": fields{"body": rawValue(v.AppendBody(nil))}})
			return c.after(c.putMessages(c.token(), randomID(), nil, value)...).String()
		}},
		{row: "signature: owner without sequence number", want: "silence", try: func(c *client) string {
			v := c.version(0, 3, "data")
			body := fields{"owner": []byte(v.Owner), "type": 0, "data": v.Data}
			value := pack(fields{"id": 7, "dat": fields{"body": body, "sig": v.Signature}})
			return c.after(c.putMessages(c.token(), randomID(), nil, value)...).String()
		}},
	}
}
