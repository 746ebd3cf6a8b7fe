// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"fmt"
	"slices"
	"strings"

	"jamibox/dht/wire"
)

// selects is a query for fields of the values that meet all conditions.
func selects(which []any, conditions ...any) fields {
	if conditions == nil {
		conditions = []any{}
	}
	return fields{"s": which, "w": conditions}
}

func whole(conditions ...any) fields { return selects([]any{}, conditions...) }

func condition(field int, value any) fields { return fields{"f": field, "v": value} }

func getPoints() []point {
	return []point{
		{row: "get: nothing there", want: "reply, own address, 32, 0", try: func(c *client) string {
			key := randomID()
			a := c.ask("get", fields{"h": key[:]})
			return seen(a, c.seenAt(a), len(a.Token), a.Values.Len())
		}},
		{row: "get: without key", want: "error 203", try: func(c *client) string { return c.ask("get", nil).String() }},
		{row: "get: zero key", want: "error 203", try: func(c *client) string {
			return c.ask("get", fields{"h": make([]byte, 20)}).String()
		}},
		{row: "get: short key", want: "silence", try: func(c *client) string {
			return c.after(c.request("get", fields{"h": make([]byte, 19)})).String()
		}},
		{row: "get: error names the node and the code", want: "203, id, true", try: func(c *client) string {
			a := c.ask("get", nil)
			node := c.ask("ping", nil).Sender
			return seen(a.Refusal.Code, a.body("r"), a.Sender == node)
		}},
		{row: "get: by another peer", want: "reply, kept", try: func(c *client) string {
			key, value := randomID(), plain(7, "data")
			return seen(c.put(key, value), c.another().kept(key, value))
		}},
		{row: "get: over the other family", want: "reply, kept", try: func(c *client) string {
			key, value := randomID(), plain(7, "data")
			return seen(c.put(key, value), c.ipv6().kept(key, value))
		}},
		{row: "get: values come with a token", want: "reply, 1, 32", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			a := c.ask("get", fields{"h": key[:]})
			return seen(a, a.Values.Len(), len(a.Token))
		}},
		{row: "get: all values of a key", want: "kept", try: func(c *client) string {
			key := randomID()
			var values [][]byte
			for i := range 20 {
				values = append(values, plain(uint64(i+1), "data"))
				c.put(key, values[i])
			}
			return c.kept(key, values...)
		}},
	}
}

// asked puts three values under a key, and shows what a query finds of them.
func (c *client) asked(query fields) string {
	c.t.Helper()
	key := randomID()
	for _, v := range []wire.Value{
		{ID: 1, Data: []byte("one"), UserType: []byte("text/plain")},
		{ID: 2, Data: []byte("two"), Type: 3},
		{ID: 3, Cypher: []byte("three")},
	} {
		if saw := c.put(key, v.Append(nil)).String(); saw != "reply" {
			return saw
		}
	}
	a := c.after(c.request("get", fields{"h": key[:], "q": query}))
	if a.silent() {
		return "silence"
	}
	var found []string
	for _, packed := range c.values(a) {
		v, err := wire.ParseValue(packed)
		if err != nil {
			return err.Error()
		}
		found = append(found, fmt.Sprint(v.ID))
	}
	for r := range a.Rows.All() {
		found = append(found, fmt.Sprintf("row %d %d %d %q", r.ID, r.Type, r.Seq, r.UserType))
	}
	if found == nil {
		return "none"
	}
	slices.Sort(found)
	return strings.Join(found, ", ")
}

func queryPoints() []point {
	var points []point
	for _, q := range []struct {
		row     string
		query   fields
		want    string
		dhtnode string
	}{
		{"all", whole(), "1, 2, 3", ""},
		{"by id", whole(condition(1, 2)), "2", ""},
		{"by type", whole(condition(2, 3)), "2", ""},
		{"by user type", whole(condition(5, []byte("text/plain"))), "1", ""},
		{"by id and type", whole(condition(1, 2), condition(2, 3)), "2", ""},
		{"conditions that exclude each other", whole(condition(1, 2), condition(1, 3)), "none", ""},
		{"by owner, which none has", whole(condition(3, []byte(strings.Repeat("x", 20)))), "none", ""},
		{"no match", whole(condition(1, 99)), "none", ""},
		{"ids", selects([]any{1}), `row 1 0 0 "", row 2 0 0 "", row 3 0 0 ""`, ""},
		{"ids and sequence numbers of one", selects([]any{1, 4}, condition(1, 2)), `row 2 0 0 ""`, ""},
		{"all fields", selects([]any{1, 2, 3, 4, 5}, condition(1, 1)), `row 1 0 0 "text/plain"`, ""},
		{"fields out of order and twice", selects([]any{5, 2, 5, 1}, condition(1, 2)), `row 2 3 0 ""`, ""},
		{"fields of none", selects([]any{1}, condition(1, 99)), "none", ""},
		{"by sequence number, which cannot be asked", whole(condition(4, 0)), "silence", ""},
		{"without conditions", fields{"s": []any{}}, "silence", ""},
		{"without fields", fields{"w": []any{}}, "silence", ""},
		{"text as owner", whole(condition(3, strings.Repeat("x", 20))), "silence", ""},
	} {
		points = append(points, point{row: "query: " + q.row, want: q.want, dhtnode: q.dhtnode,
			try: func(c *client) string { return c.asked(q.query) }})
	}
	return append(points, []point{
		{row: "query: owner of a signed value", want: "reply, kept, found", try: func(c *client) string {
			key, v := randomID(), c.signed(wire.Value{ID: 7, Data: []byte("mine"), Seq: 1})
			owner := v.Owner.ID()
			saw := seen(c.put(key, v.Append(nil)), c.kept(key, v.Append(nil)))
			if len(c.get(key, whole(condition(3, owner[:])))) == 1 {
				return saw + ", found"
			}
			return saw
		}},
		{row: "query: row of a signed value", want: "reply, 1 true", dhtnode: "reply", try: func(c *client) string {
			key, v := randomID(), c.signed(wire.Value{ID: 7, Data: []byte("mine"), Seq: 1})
			saw := c.put(key, v.Append(nil)).String()
			a := c.ask("get", fields{"h": key[:], "q": selects([]any{3, 4})})
			for r := range a.Rows.All() {
				saw = seen(saw, fmt.Sprint(r.Seq, r.Owner == v.Owner.ID()))
			}
			return saw
		}},
		{row: "query: layout of rows", want: "[1 4], [7 0]", try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			a := c.ask("get", fields{"h": key[:], "q": selects([]any{4, 1})})
			body, _ := a.all()["r"].(map[string]any)
			rows, _ := body["fileds"].(map[string]any)
			return seen(rows["f"], rows["v"])
		}},
	}...)
}
