// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bytes"
	"strings"
	"time"

	"jamibox/dht/wire"
)

// keeps returns a point that puts one value.
func keeps(row, want, dhtnode string, value func(c *client) []byte) point {
	return point{row: row, want: want, dhtnode: dhtnode, try: func(c *client) string { return c.stored(value(c)) }}
}

// sized returns a value whose size, as nodes count it, is as given.
func sized(size int) []byte { return plain(7, strings.Repeat("x", size)) }

func putPoints() []point {
	return []point{
		{row: "put: answer", want: "reply, id sa vid, own address, 7", try: func(c *client) string {
			a := c.put(randomID(), plain(7, "data"))
			return seen(a, a.body("r"), c.seenAt(a), a.ValueID)
		}},
		{row: "put: two values", want: "reply, reply, 15, kept", try: func(c *client) string {
			key := randomID()
			first := c.put(key, plain(7, "one"), plain(8, "two"))
			second := c.await(c.answers(c.last))
			return seen(first, second, first.ValueID+second.ValueID, c.kept(key, plain(7, "one"), plain(8, "two")))
		}},
		{row: "put: without key", want: "error 203", try: func(c *client) string {
			return c.ask("put", fields{"token": c.token(), "values": []any{rawValue(plain(7, "data"))}}).String()
		}},
		{row: "put: zero key", want: "error 203", try: func(c *client) string {
			return c.put(wire.ID{}, plain(7, "data")).String()
		}},
		{row: "put: value id 0", want: "error 203", try: func(c *client) string {
			return c.put(randomID(), plain(0, "data")).String()
		}},
		{row: "put: largest value id", want: "reply, kept", try: func(c *client) string {
			return c.stored(plain(1<<64-1, "data"))
		}},
		{row: "put: no values", want: "silence", try: func(c *client) string {
			return c.after(c.putMessages(c.token(), randomID(), nil)...).String()
		}},
		{row: "put: unreadable value", want: "silence", try: func(c *client) string {
			return c.after(c.putMessages(c.token(), randomID(), nil, pack(fields{"id": 7}))...).String()
		}},
		{row: "put: unreadable value beside a readable one", want: "reply, kept", try: func(c *client) string {
			key := randomID()
			return seen(c.put(key, pack(fields{"id": 7}), plain(8, "data")), c.kept(key, plain(8, "data")))
		}},
		keeps("put: empty data", "reply, kept", "", func(*client) []byte { return plain(7, "") }),
		keeps("put: largest value", "reply, kept", "", func(*client) []byte { return sized(wire.MaxValueSize) }),
		{row: "put: value that is too large", variant: fresh, want: "reply, nothing or silence, nothing", try: func(c *client) string {
			key := randomID()
			answered := c.after(c.putMessages(c.token(), key, nil, sized(wire.MaxValueSize+1))...)
			return seen(answered, c.kept(key))
		}},
		keeps("put: encrypted", "reply, kept", "", func(*client) []byte {
			return (&wire.Value{ID: 7, Cypher: []byte("secret")}).Append(nil)
		}),
		keeps("put: priority", "reply, kept", "", func(*client) []byte {
			return (&wire.Value{ID: 7, Data: []byte("data"), Priority: 1}).Append(nil)
		}),
		since(4, keeps("put: push type", "reply, kept", "reply, something else", func(*client) []byte {
			return (&wire.Value{ID: 7, Data: []byte("data"), PushType: []byte("x")}).Append(nil)
		})),
		keeps("put: keys in another order", "reply, kept", "reply, something else", func(*client) []byte {
			v := plain(7, "data")
			dat := bytes.Index(v, []byte("\xa3dat"))
			return append(append([]byte("\x82"), v[dat:]...), v[1:dat]...)
		}),
		keeps("put: integers longer than needed", "reply, kept", "reply, something else", func(*client) []byte {
			return bytes.Replace(plain(7, "data"), []byte("\xa2id\x07"), []byte("\xa2id\xce\x00\x00\x00\x07"), 1)
		}),
		keeps("put: unknown field of the value", "reply, kept", "reply, something else", func(*client) []byte {
			return append(append([]byte("\x83"), plain(7, "data")[1:]...), "\xa1x\x01"...)
		}),
		{row: "put: creation long past", want: "reply, nothing", try: func(c *client) string {
			return c.created(-time.Hour)
		}},
		{row: "put: creation a moment ago", want: "reply, kept", try: func(c *client) string {
			return c.created(-time.Minute)
		}},
		{row: "put: creation in the future", want: "reply, kept", try: func(c *client) string {
			return c.created(time.Hour)
		}},
		{row: "put: value that expires soon is gone then", want: "kept, nothing", try: func(c *client) string {
			key, value := randomID(), (&wire.Value{ID: 7, Type: wire.TypeICE, Data: []byte("data")}).Append(nil)
			c.putWith(c.token(), key, fields{"c": expiresSoon().Unix()}, value)
			return seen(c.kept(key, value), c.becomesEmpty(key))
		}},
	}
}

// expiresSoon is the creation of a value that lives for a minute and has five to six
// seconds left.
func expiresSoon() time.Time { return time.Now().Add(-54 * time.Second) }

// created puts a value with a creation time and says what becomes of it.
func (c *client) created(offset time.Duration) string {
	c.t.Helper()
	key, value := randomID(), plain(7, "data")
	return seen(c.putWith(c.token(), key, fields{"c": time.Now().Add(offset).Unix()}, value), c.kept(key, value))
}

// becomesEmpty says what the node keeps under the key in the end.
func (c *client) becomesEmpty(key wire.ID) string {
	c.t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for start := time.Now(); ; <-again.C {
		if saw := c.kept(key); saw == "nothing" || time.Since(start) > 3*patience {
			return saw
		}
	}
}
