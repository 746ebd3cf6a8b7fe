// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"fmt"
	"strings"
)

// changed returns a point that pings with a message changed by a function.
func changed(row, want, dhtnode string, change func(c *client, m fields)) point {
	return point{row: "envelope: " + row, want: want, dhtnode: dhtnode, try: func(c *client) string {
		m := c.message("ping", nil)
		change(c, m)
		return c.after(pack(m)).String()
	}}
}

// confusing returns a point that pings with a message of which dhtnode takes
// something else for a map: what follows is not said, it may even end.
func confusing(row string, change func(m fields)) point {
	p := changed(row, "silence", luck, func(_ *client, m fields) { change(m) })
	p.variant = fresh
	return p
}

// datagram returns a point that sends bytes that hold no sound request.
func datagram(row string, make func(c *client) []byte) point {
	return point{row: "envelope: " + row, want: "silence", try: func(c *client) string {
		return c.after(make(c)).String()
	}}
}

func envelopePoints() []point {
	return append([]point{
		{row: "envelope: ping", want: "reply, id sa, own address", try: func(c *client) string {
			a := c.ask("ping", nil)
			return seen(a, a.body("r"), c.seenAt(a))
		}},
		{row: "envelope: ping over IPv6", want: "reply, id sa, own address", try: func(c *client) string {
			c = c.ipv6()
			a := c.ask("ping", nil)
			return seen(a, a.body("r"), c.seenAt(a))
		}},
		{row: "envelope: network 0 is left out, the transaction is an integer", want: "reply, true, uint64 or reply, true, int64",
			try: func(c *client) string {
				a := c.ask("ping", nil)
				all := a.all()
				return seen(a, all["n"] == nil, kindOf(all["t"]))
			}},
		{row: "envelope: one id over all answers and families", want: "true", try: func(c *client) string {
			four, six := c.ask("ping", nil), c.ipv6().ask("ping", nil)
			if four.silent() || six.silent() {
				return "silence"
			}
			return seen(four.Sender == six.Sender && !four.Sender.IsZero())
		}},
		changed("transaction of four bytes", "reply", "", func(c *client, m fields) { m["t"] = bigEndian(c.last) }),
		changed("transaction of four characters", "reply", "", func(c *client, m fields) {
			c.last = 0x41424344
			m["t"] = "ABCD"
		}),
		changed("transaction of five bytes", "silence", "", func(c *client, m fields) { m["t"] = append(bigEndian(c.last), 0) }),
		changed("transaction 0", "reply", "", func(c *client, m fields) {
			c.last = 0
			m["t"] = 0
		}),
		changed("without y", "reply", "", func(_ *client, m fields) { delete(m, "y") }),
		changed("other y", "silence", "", func(_ *client, m fields) { m["y"] = "x" }),
		changed("unknown keys", "reply", "", func(_ *client, m fields) {
			m["x"], m["a"].(fields)["x"] = fields{"y": []any{1, "z"}}, 7
		}),
		changed("explicit network 0", "reply", "", func(_ *client, m fields) { m["n"] = 0 }),
		changed("other network", "silence", "", func(_ *client, m fields) { m["n"] = 7 }),
		changed("node that stores for others", "reply", "", func(_ *client, m fields) { delete(m, "s") }),
		changed("user agent", "reply", "", func(_ *client, m fields) { m["v"] = "o2" }),
		changed("without id", "silence", "", func(_ *client, m fields) { delete(m["a"].(fields), "id") }),
		changed("zero id", "silence", "", func(_ *client, m fields) { m["a"].(fields)["id"] = make([]byte, 20) }),
		changed("short id", "silence", "", func(c *client, m fields) { m["a"].(fields)["id"] = c.id[1:] }),
		changed("long id", "silence", "", func(c *client, m fields) { m["a"].(fields)["id"] = append(c.id[:], 1) }),
		changed("text as id", "silence", "", func(_ *client, m fields) { m["a"].(fields)["id"] = strings.Repeat("x", 20) }),
		changed("id of the node itself", "silence", "", func(c *client, m fields) {
			last := c.last
			a := c.ask("ping", nil)
			c.last = last // that of the message
			m["a"].(fields)["id"] = a.Sender[:]
		}),
		changed("unknown method", "silence", "", func(_ *client, m fields) { m["q"] = "pong" }),
		changed("without method", "silence", "", func(_ *client, m fields) { delete(m, "q") }),
		changed("without arguments", "silence", "", func(_ *client, m fields) { delete(m, "a") }),
		changed("reply besides the request", "silence", "", func(_ *client, m fields) { m["r"] = m["a"] }),
		confusing("arguments of another type", func(m fields) { m["a"] = 7 }),
		confusing("error besides the request", func(m fields) { m["e"] = []any{401, "x"} }),
	}, soundnessPoints()...)
}

func soundnessPoints() []point {
	return []point{
		datagram("empty", func(*client) []byte { return []byte{} }),
		datagram("no MessagePack", func(*client) []byte { return []byte("\xc1\xc1\xc1") }),
		datagram("array", func(*client) []byte { return pack([]any{1, 2}) }),
		datagram("integer", func(*client) []byte { return pack(7) }),
		datagram("cut off", func(c *client) []byte {
			b := c.request("ping", nil)
			return b[:len(b)-3]
		}),
		datagram("more announced than there is", func(*client) []byte { return []byte("\xdf\xff\xff\xff\xff\xa1y\xa1q") }),
		datagram("nested 10,000 times", func(*client) []byte {
			return []byte("\x82\xa1y\xa1q\xa1a" + strings.Repeat("\x91", 10_000) + "\x01")
		}),
		datagram("bin that ends behind the datagram", func(*client) []byte { return []byte("\x81\xa1t\xc6\x7f\xff\xff\xff") }),
		{row: "envelope: bytes behind the map", want: "reply", try: func(c *client) string {
			return c.after(append(c.request("ping", nil), "more"...)).String()
		}},
	}
}

// seenAt says whether the node saw the client where it is.
func (c *client) seenAt(a answer) string {
	if a.silent() {
		return "silence"
	}
	if a.Seen == c.source {
		return "own address"
	}
	return a.Seen.String()
}

func kindOf(v any) string { return fmt.Sprintf("%T", v) }

func bigEndian(n uint32) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }
