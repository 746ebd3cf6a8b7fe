// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// families says which node lists an answer has.
func families(a answer) string {
	all, _ := a.all()["r"].(map[string]any)
	four, six := all["n4"] != nil, all["n6"] != nil
	switch {
	case four && six:
		return "both"
	case four:
		return "IPv4"
	case six:
		return "IPv6"
	}
	return "none"
}

func findPoints() []point {
	points := []point{
		{row: "find: answer", want: "reply, own address, 32", try: func(c *client) string {
			target := randomID()
			a := c.ask("find", fields{"target": target[:]})
			return seen(a, c.seenAt(a), len(a.Token))
		}},
		{row: "find: zero target", want: "reply, 32", try: func(c *client) string {
			a := c.ask("find", fields{"target": make([]byte, 20)})
			return seen(a, len(a.Token))
		}},
		{row: "find: short target", want: "silence", try: func(c *client) string {
			return c.after(c.request("find", fields{"target": make([]byte, 19)})).String()
		}},
		{row: "find: families of other types", want: "reply", try: func(c *client) string {
			return c.after(c.request("find", fields{"target": c.id[:], "w": []any{2, "x", 10}})).String()
		}},
		{row: "find: family that nobody uses", want: "reply, none", variant: fresh, try: func(c *client) string {
			c.good()
			a := c.another().ask("find", fields{"target": c.id[:], "w": []any{77}})
			return seen(a, families(a))
		}},
	}
	for _, f := range []struct {
		row     string
		over6   bool
		want    []any
		listed  string
		dhtnode string
	}{
		{"families not given, over IPv4", false, nil, "IPv4", ""},
		{"families not given, over IPv6", true, nil, "IPv6", ""},
		{"IPv4 over IPv6", true, []any{2}, "IPv4", ""},
		{"IPv6 as on Linux", false, []any{10}, "IPv6", ""},
		{"IPv6 as on Windows", false, []any{23}, "IPv6", "none"},
		{"IPv6 as on FreeBSD", false, []any{28}, "IPv6", "none"},
		{"IPv6 as on Apple", false, []any{30}, "IPv6", "none"},
		{"both families", false, []any{2, 10}, "both", ""},
	} {
		for _, method := range []string{"find", "get"} {
			points = append(points, point{row: method + ": " + f.row, variant: fresh, want: f.listed, dhtnode: f.dhtnode,
				try: func(c *client) string {
					c.good()
					c.ipv6().good()
					asker := c.another()
					if f.over6 {
						asker = c.ipv6()
					}
					target := randomID()
					arguments := fields{"target": target[:], "h": target[:]}
					if f.want != nil {
						arguments["w"] = f.want
					}
					return families(asker.ask(method, arguments))
				}})
		}
	}
	return points
}

// good makes the client a node that the node under test lists: one that
// answered it.
func (c *client) good() {
	c.t.Helper()
	c.isNode = true
	c.answerPush()
}

// answerPush listens and has itself pushed to: so the node asks something at
// once.
func (c *client) answerPush() {
	c.t.Helper()
	key := c.nearNode()
	c.ask("listen", fields{"h": key[:], "token": c.token(), "sid": 7, "ve": 1})
	c.put(key, plain(1, "push"))
	c.await(func(a answer) bool { return a.Kind == wire.KindUpdate })
	// The answer to this one comes when that to the push was read.
	c.ask("ping", nil)
}

// nearNode returns a key that the node stores whatever others there are.
func (c *client) nearNode() wire.ID {
	c.t.Helper()
	a := c.ask("ping", nil)
	require.False(c.t, a.silent(), "no answer to ping")
	key, random := a.Sender, randomID()
	copy(key[16:], random[:])
	return key
}
