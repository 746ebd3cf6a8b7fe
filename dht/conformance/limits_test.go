// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"strings"
	"time"

	"jamibox/dht/wire"
)

const (
	// perAddress is how many requests a node takes from an address in a second.
	perAddress = 1024
	// inAll is how many it takes from all together.
	inAll = 8192
	// chunk is how many requests are sent before their answers are taken, so
	// that none is lost in a buffer.
	chunk = 64
	// floods is how often a flood is tried that does not fit into a second.
	floods = 5
)

// requestPoints are about what the node asks by itself.
func requestPoints() []point {
	return []point{
		{row: "requests: a newcomer is asked", variant: fresh, want: "true, true, true", try: func(c *client) string {
			c.isNode, c.patience = true, 30*time.Second
			c.ask("ping", nil)
			a := c.await(func(a answer) bool { return a.Kind.IsRequest() })
			if a.silent() {
				return "not asked"
			}
			return seen(!a.Sender.IsZero(), a.Transaction != 0, a.all()["n"] == nil)
		}},
	}
}

// flood sends n requests from clients in turn, of which half are too many, and
// returns how many answers came. It returns false if that took longer than the
// second that limits are for.
func flood(n int, from []*client) (answered int, inTime bool) {
	start := time.Now()
	// What is too many is not answered, and waited for in vain.
	pause := 600 * time.Millisecond / time.Duration(n/chunk)
	for sent := 0; sent < n; sent += chunk {
		sender := from[sent/chunk%len(from)]
		for range chunk {
			sender.send(sender.request("ping", nil))
		}
		answered += sender.drain(chunk, pause)
	}
	for _, sender := range from {
		answered += sender.drain(n, 10*time.Millisecond)
	}
	return answered, time.Since(start) < 950*time.Millisecond
}

// drain returns how many replies come without a pause, up to so many.
func (c *client) drain(most int, pause time.Duration) int {
	c.t.Helper()
	last := c.patience
	defer func() { c.patience = last }()
	count := 0
	c.patience = pause
	for count < most && !c.await(func(a answer) bool { return a.Kind == wire.KindReply }).silent() {
		count++
	}
	return count
}

// flooding says how many of twice as many requests as are allowed are answered,
// sent by new clients. It tries again when that was too slow, or the node was and
// lost some.
func flooding(allowed int, clients func(c *client) []*client) func(c *client) string {
	return func(c *client) string {
		most := -1
		for range floods {
			answered, inTime := flood(2*allowed, clients(c.another()))
			if inTime {
				most = max(most, answered)
			}
			if most >= allowed-1 {
				return seen(most)
			}
			// What is left of the second must not count for the next try.
			<-time.After(1100 * time.Millisecond)
		}
		if most < 0 {
			c.t.Skip("the machine is too slow for a flood within a second")
		}
		return seen(most)
	}
}

// fill stores so many bytes.
func (c *client) fill(bytes int) {
	c.t.Helper()
	token, value := c.token(), plain(7, strings.Repeat("x", 65_000))
	for stored := 0; stored < bytes; stored += len(value) {
		key := randomID()
		// Parts get lost now and then.
		for tries := 0; tries < 3 && c.putWith(token, key, nil, value).silent(); tries++ {
			c.t.Logf("a put of %d bytes was not answered", len(value))
		}
	}
}

func limitPoints() []point {
	return []point{
		{row: "limits: requests of an address in a second", variant: flooded, want: "1024",
			try: flooding(perAddress, func(c *client) []*client { return []*client{c} })},
		{row: "limits: all ports of an address together", variant: flooded, want: "1024",
			try: flooding(perAddress, func(c *client) []*client { return []*client{c, c.again(), c.again()} })},
		// One less if the test just asked whether the node has started.
		{row: "limits: requests of all addresses in a second", variant: fresh, slow: true, want: "8192 or 8191",
			try: flooding(inAll, func(c *client) []*client {
				clients := []*client{c}
				for range 2*inAll/perAddress + 3 {
					clients = append(clients, c.another())
				}
				return clients
			})},
		{row: "limits: an address after its second", variant: flooded, want: "reply", try: func(c *client) string {
			flood(2*perAddress, []*client{c})
			c.patience = time.Second
			var a answer
			for try := 0; try < floods && a.silent(); try++ {
				// A node that is late begins its second later.
				<-time.After(1100 * time.Millisecond)
				a = c.ask("ping", nil)
			}
			return a.String()
		}},
		{row: "limits: beyond 64 MiB the oldest values go, and listeners hear of it", variant: fresh, slow: true,
			want: "7=data, exp 7, nothing", try: func(c *client) string {
				key, listener := randomID(), c.another()
				listener.listen(key, nil)
				c.put(key, plain(7, "data"))
				saw := listener.told(listener.pushed())
				c.fill(65 << 20)
				expired := listener.await(func(a answer) bool { return a.Kind == wire.KindUpdate })
				return seen(saw, listener.told(expired), c.kept(key))
			}},
		{row: "limits: parts are free", variant: fresh, want: "reply, kept", try: func(c *client) string {
			// 30 values of 52 parts each are more datagrams than requests are
			// allowed.
			key, token := randomID(), c.token()
			saw := "reply"
			var values [][]byte
			for i := range 30 {
				value := plain(uint64(i+1), strings.Repeat("x", 65_000))
				values = append(values, value)
				if a := c.putWith(token, key, nil, value); a.String() != "reply" {
					saw = a.String()
				}
			}
			for i, value := range values {
				found := c.get(key, whole(condition(1, i+1)))
				if len(found) != 1 || string(found[0]) != string(value) {
					return seen(saw, "something else")
				}
			}
			return seen(saw, "kept")
		}},
	}
}
