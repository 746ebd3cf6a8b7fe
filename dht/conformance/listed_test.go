// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bytes"
	"slices"
	"time"

	"jamibox/dht/wire"
)

// many is more nodes than a list holds, in more than one bucket.
const many = 24

// listedFor returns the nodes that the node under test lists for a target.
func (c *client) listedFor(target wire.ID) []wire.ID {
	c.t.Helper()
	a := c.ask("find", fields{"target": target[:], "w": []any{2}})
	var ids []wire.ID
	if !a.silent() {
		for n := range a.Nodes.All() {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

func distance(a, b wire.ID) (d wire.ID) {
	for i := range d {
		d[i] = a[i] ^ b[i]
	}
	return d
}

func nearer(target wire.ID) func(a, b wire.ID) int {
	return func(a, b wire.ID) int {
		da, db := distance(a, target), distance(b, target)
		return bytes.Compare(da[:], db[:])
	}
}

// crowd makes nodes that are good, and returns their ids.
func (c *client) crowd(n int) []wire.ID {
	c.t.Helper()
	var ids []wire.ID
	for range n {
		other := c.another()
		other.good()
		ids = append(ids, other.id)
	}
	return ids
}

func listedPoints() []point {
	return []point{
		{row: "nodes: one that answered is listed", variant: fresh, want: "true, true", try: func(c *client) string {
			c.good()
			a := c.another().ask("find", fields{"target": c.id[:]})
			for n := range a.Nodes.All() {
				return seen(n.ID == c.id, n.Addr.Addr() == c.source)
			}
			return "none"
		}},
		{row: "nodes: one that never answered is not listed", variant: fresh, want: "false", try: func(c *client) string {
			c.isNode, c.isDeaf = true, true
			c.ask("ping", nil)
			return seen(slices.Contains(c.another().listedFor(c.id), c.id))
		}},
		{row: "nodes: a client node is not listed", variant: fresh, want: "false", try: func(c *client) string {
			c.answerPush()
			return seen(slices.Contains(c.another().listedFor(c.id), c.id))
		}},
		{row: "nodes: at most eight, nearest first", variant: fresh, want: "8, true, true", try: func(c *client) string {
			known := c.crowd(many)
			target := randomID()
			ids := c.another().listedFor(target)
			stranger := slices.ContainsFunc(ids, func(id wire.ID) bool { return !slices.Contains(known, id) })
			return seen(len(ids), slices.IsSortedFunc(ids, nearer(target)), !stranger)
		}},
		{row: "nodes: a newcomer is asked, and listed within 100 ms of its answer", variant: fresh, want: "true", dhtnode: luck,
			try: func(c *client) string {
				c.isNode = true
				c.ask("ping", nil)
				asked := c.await(func(a answer) bool { return a.Kind.IsRequest() })
				if asked.silent() {
					return "not asked"
				}
				start := time.Now()
				other := c.another()
				for {
					if slices.Contains(other.listedFor(c.id), c.id) {
						return seen(true)
					}
					if time.Since(start) > 100*time.Millisecond {
						return seen(false)
					}
				}
			}},
		// The builtin node is there to store, and knows more nodes than others do.
		{row: "nodes: a put far from the node itself is kept", variant: fresh, want: "reply, kept", dhtnode: "reply, nothing",
			try: func(c *client) string {
				node := c.ask("ping", nil).Sender
				far := node
				far[0] ^= 0xff
				for i := range many {
					other := c.another()
					other.id = far
					other.id[0] ^= byte(i % 8)
					other.id[1] = byte(i)
					other.good()
				}
				key := far
				key[19] ^= 1
				value := plain(7, "far away")
				return seen(c.put(key, value), c.kept(key, value))
			}},
		{row: "nodes: a put near the node itself is kept", variant: fresh, want: "reply, kept", try: func(c *client) string {
			c.crowd(many)
			key, value := c.nearNode(), plain(7, "near")
			return seen(c.put(key, value), c.kept(key, value))
		}},
	}
}
