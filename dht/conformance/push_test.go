// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"strings"
	"time"

	"jamibox/dht/wire"
)

func pushPoints() []point {
	return []point{
		{row: "push: new value", want: "update, h id sid token values ve, 305419896, 32, true, 7=data", try: func(c *client) string {
			key := randomID()
			c.listen(key, nil)
			c.another().put(key, plain(7, "data"))
			a := c.pushed()
			if a.silent() {
				return "silence"
			}
			return seen(a, a.body("a"), a.Socket, len(a.Token), a.Key == key && a.Transaction != 0, c.told(a))
		}},
		{row: "push: token serves the listener", want: "reply", try: func(c *client) string {
			key := randomID()
			c.listen(key, nil)
			c.another().put(key, plain(7, "data"))
			a := c.pushed()
			if a.silent() {
				return "silence"
			}
			return c.putWith(a.Token, randomID(), nil, plain(7, "data")).String()
		}},
		{row: "push: edited value", want: "7=one, 7=two", try: func(c *client) string {
			key, first, second := randomID(), c.version(0, 1, "one"), c.version(0, 2, "two")
			c.listen(key, nil)
			c.another().put(key, first.Append(nil))
			saw := c.told(c.pushed())
			c.another().put(key, second.Append(nil))
			return seen(saw, c.told(c.pushed()))
		}},
		{row: "push: refused value is not pushed", want: "7=one, silence", try: func(c *client) string {
			key := randomID()
			c.listen(key, nil)
			c.another().put(key, plain(7, "one"))
			saw := c.told(c.pushed())
			c.another().put(key, plain(7, "two"))
			return seen(saw, c.told(c.pushed()))
		}},
		{row: "push: refreshed value", want: "update, id re sid token, re 7", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			c.listen(key, nil)
			c.pushed()
			c.another().refresh(key, 7)
			a := c.pushed()
			return seen(a, a.body("a"), c.told(a))
		}},
		{row: "push: value put again counts as refreshed", want: "re 7", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			c.listen(key, nil)
			c.pushed()
			c.another().put(key, plain(7, "data"))
			return c.told(c.pushed())
		}},
		{row: "push: expired value", want: "7=data, exp 7", try: func(c *client) string {
			key := randomID()
			c.listen(key, nil)
			value := (&wire.Value{ID: 7, Type: wire.TypeICE, Data: []byte("data")}).Append(nil)
			c.putWith(c.token(), key, fields{"c": expiresSoon().Unix()}, value)
			saw := c.told(c.pushed())
			c.patience = 3 * patience
			return seen(saw, c.told(c.await(func(a answer) bool { return a.Kind == wire.KindUpdate })))
		}},
		{row: "push: large value comes in parts", want: "7=xxxxxxxxxx", try: func(c *client) string {
			key := randomID()
			c.listen(key, nil)
			c.another().put(key, plain(7, strings.Repeat("x", 30_000)))
			return c.told(c.pushed())
		}},
		{row: "push: over the other family", want: "7=data", try: func(c *client) string {
			key := randomID()
			six := c.ipv6()
			six.listen(key, nil)
			c.put(key, plain(7, "data"))
			return six.told(six.pushed())
		}},
		{row: "push: repeated until it is answered, three times in all", want: "3, true", try: func(c *client) string {
			c.isDeaf = true
			key := randomID()
			c.listen(key, nil)
			c.another().put(key, plain(7, "data"))
			push := func(a answer) bool { return a.Kind == wire.KindUpdate }
			c.patience = 4500 * time.Millisecond // the waits are at most 1.25 s, 2.75 s and 5.75 s
			first := c.await(push)
			count, same := 0, true
			for a := first; !a.silent(); a = c.await(push) {
				count++
				same = same && a.Transaction == first.Transaction
			}
			return seen(count, same)
		}},
		{row: "push: not repeated once it is answered", want: "1", try: func(c *client) string {
			key := randomID()
			c.listen(key, nil)
			c.another().put(key, plain(7, "data"))
			c.patience = 2 * time.Second // the first wait is at most 1.25 s
			count := 0
			for !c.await(func(a answer) bool { return a.Kind == wire.KindUpdate }).silent() {
				count++
			}
			return seen(count)
		}},
	}
}

// listenOld asks for pushes of version 0.
func (c *client) listenOld(key wire.ID) answer {
	c.t.Helper()
	return c.ask("listen", fields{"h": key[:], "token": c.token(), "sid": uint32(socket)})
}

func oldListenPoints() []point {
	return []point{
		{row: "listen, version 0: values come as a reply", want: "reply, reply, 7=data", try: func(c *client) string {
			key := randomID()
			answered := c.listenOld(key)
			c.another().put(key, plain(7, "data"))
			a := c.pushed()
			return seen(answered, a, c.told(a))
		}},
		{row: "listen, version 0: stored values are pushed at once", want: "7=data", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			c.listenOld(key)
			return c.told(c.pushed())
		}},
		{row: "listen, version 0: refreshed value comes as a note", want: "note, re 7", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			c.listenOld(key)
			c.pushed()
			c.another().refresh(key, 7)
			a := c.pushed()
			return seen(a, c.told(a))
		}},
	}
}
