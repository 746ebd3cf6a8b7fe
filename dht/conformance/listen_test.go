// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"jamibox/dht/wire"
)

// socket is the number that listeners of the tests choose.
const socket = 0x12345678

// listen asks for pushes of version 1.
func (c *client) listen(key wire.ID, more fields) answer {
	c.t.Helper()
	arguments := fields{"h": key[:], "token": c.token(), "sid": uint32(socket), "ve": 1}
	maps.Copy(arguments, more)
	return c.ask("listen", arguments)
}

// pushed returns the next push that comes before the node answers a ping.
func (c *client) pushed() answer {
	c.t.Helper()
	push := func(a answer) bool {
		return a.Kind == wire.KindUpdate || a.Kind == wire.KindNote || a.Kind == wire.KindReply && a.Transaction == socket
	}
	c.send(c.request("ping", nil))
	sequel := c.answers(c.last)
	a := c.await(func(a answer) bool { return push(a) || sequel(a) })
	if !a.silent() && push(a) {
		return a
	}
	return answer{}
}

// told says what is in a push.
func (c *client) told(a answer) string {
	c.t.Helper()
	if a.silent() {
		return "silence"
	}
	var ids []string
	for _, packed := range c.values(a) {
		v, err := wire.ParseValue(packed)
		if err != nil {
			return err.Error()
		}
		ids = append(ids, fmt.Sprintf("%d=%.10s", v.ID, v.Data))
	}
	for id := range a.Refreshed.All() {
		ids = append(ids, fmt.Sprintf("re %d", id))
	}
	for id := range a.Expired.All() {
		ids = append(ids, fmt.Sprintf("exp %d", id))
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func listenPoints() []point {
	return []point{
		{row: "listen: answer", want: "reply, id sa token, own address, 32", dhtnode: "reply, id sa, own address, 0",
			corrected: 4, try: func(c *client) string {
				a := c.listen(randomID(), nil)
				return seen(a, a.body("r"), c.seenAt(a), len(a.Token))
			}},
		{row: "listen: without key", want: "error 203", try: func(c *client) string {
			return c.ask("listen", fields{"token": c.token(), "sid": uint32(socket), "ve": 1}).String()
		}},
		{row: "listen: zero key", want: "error 203", try: func(c *client) string { return c.listen(wire.ID{}, nil).String() }},
		{row: "listen: socket of four bytes", want: "reply, 7=data", try: func(c *client) string {
			key := randomID()
			a := c.listen(key, fields{"sid": bigEndian(socket)})
			c.another().put(key, plain(7, "data"))
			return seen(a, c.told(c.pushed()))
		}},
		{row: "listen: stored values are pushed at once", want: "7=data", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			c.listen(key, nil)
			return c.told(c.pushed())
		}},
		{row: "listen: repeat pushes nothing", want: "7=data, silence", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			c.listen(key, nil)
			saw := c.told(c.pushed())
			c.listen(key, nil)
			return seen(saw, c.told(c.pushed()))
		}},
		{row: "listen: another socket of the same peer", want: "7=data, 7=data", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			c.listen(key, nil)
			saw := c.told(c.pushed())
			c.listen(key, fields{"sid": uint32(socket + 1)})
			return seen(saw, c.told(c.pushed()))
		}},
		{row: "listen: only what matches is pushed", want: "silence, 7=data", try: func(c *client) string {
			key := randomID()
			c.listen(key, fields{"q": whole(condition(1, 7))})
			c.another().put(key, plain(8, "other"))
			saw := c.told(c.pushed())
			c.another().put(key, plain(7, "data"))
			return seen(saw, c.told(c.pushed()))
		}},
		{row: "listen: repeat changes the query", want: "silence, 8=other", try: func(c *client) string {
			key := randomID()
			c.listen(key, fields{"q": whole(condition(1, 7))})
			c.another().put(key, plain(9, "ninth"))
			saw := c.told(c.pushed())
			c.listen(key, fields{"q": whole(condition(1, 8))})
			c.another().put(key, plain(8, "other"))
			return seen(saw, c.told(c.pushed()))
		}},
		{row: "listen: other key", want: "silence", try: func(c *client) string {
			c.listen(randomID(), nil)
			c.another().put(randomID(), plain(7, "data"))
			return c.told(c.pushed())
		}},
		{row: "listen: update without a listener is answered", want: "reply", try: func(c *client) string {
			key := randomID()
			return c.ask("update", fields{"sid": uint32(socket), "token": c.token(), "ve": 1, "h": key[:],
				"values": []any{rawValue(plain(7, "data"))}}).String()
		}},
	}
}
