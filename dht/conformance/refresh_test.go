// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"time"

	"jamibox/dht/wire"
)

func (c *client) refresh(key wire.ID, id uint64) answer {
	c.t.Helper()
	return c.ask("refresh", fields{"h": key[:], "vid": id, "token": c.token()})
}

func refreshPoints() []point {
	return []point{
		{row: "refresh: answer", want: "reply, id sa vid, own address, 7, kept", try: func(c *client) string {
			key, value := randomID(), plain(7, "data")
			c.put(key, value)
			a := c.refresh(key, 7)
			return seen(a, a.body("r"), c.seenAt(a), a.ValueID, c.kept(key, value))
		}},
		{row: "refresh: key that holds nothing", want: "error 404", try: func(c *client) string {
			return c.refresh(randomID(), 7).String()
		}},
		{row: "refresh: value that is not there", want: "reply, 8", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			a := c.refresh(key, 8)
			return seen(a, a.ValueID)
		}},
		{row: "refresh: by another peer", want: "reply", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			return c.another().refresh(key, 7).String()
		}},
		{row: "refresh: keeps a value that would expire", slow: true, want: "kept, reply, kept", try: func(c *client) string {
			return c.prolonged(func(key wire.ID, _ []byte) answer { return c.refresh(key, 7) })
		}},
		{row: "refresh: by the same value again", slow: true, want: "kept, reply, kept", try: func(c *client) string {
			return c.prolonged(func(key wire.ID, value []byte) answer { return c.put(key, value) })
		}},
	}
}

// prolonged puts a value that expires in three seconds, prolongs it and looks
// after four.
func (c *client) prolonged(prolong func(key wire.ID, value []byte) answer) string {
	c.t.Helper()
	key, value := randomID(), (&wire.Value{ID: 7, Type: wire.TypeICE, Data: []byte("data")}).Append(nil)
	created := time.Now().Add(-57 * time.Second)
	c.putWith(c.token(), key, fields{"c": created.Unix()}, value)
	saw := seen(c.kept(key, value), prolong(key, value))
	<-time.After(4 * time.Second)
	return seen(saw, c.kept(key, value))
}
