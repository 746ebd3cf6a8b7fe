// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"jamibox/dht/wire"
)

// large needs four parts.
func large() []byte { return plain(7, strings.Repeat("0123456789abcdef", 300)) }

// inParts returns a point that puts a large value with its messages rearranged,
// and says what comes of it.
func inParts(row, want, dhtnode string, rearrange func(messages [][]byte) [][]byte) point {
	return point{row: "parts: " + row, variant: fresh, want: want, dhtnode: dhtnode, try: func(c *client) string {
		key, token := randomID(), c.token()
		// Who never used a token may be somebody else.
		c.putWith(token, randomID(), nil, plain(7, "data"))
		answered := c.after(rearrange(c.putMessages(token, key, nil, large()))...)
		return seen(answered, c.kept(key, large()))
	}}
}

func spanOf(p wire.Part) string { return fmt.Sprintf("%d-%d", p.Offset, p.Offset+len(p.Data)) }

func partPoints() []point {
	return []point{
		inParts("in order", "reply, kept", "", func(m [][]byte) [][]byte { return m }),
		since(4, inParts("in reverse", "reply, kept", "silence, nothing", func(m [][]byte) [][]byte {
			slices.Reverse(m[1:])
			return m
		})),
		since(4, inParts("two exchanged", "reply, kept", "silence, nothing", func(m [][]byte) [][]byte {
			m[2], m[3] = m[3], m[2]
			return m
		})),
		since(4, inParts("before the message", "reply, kept", "silence, nothing", func(m [][]byte) [][]byte {
			return append(m[1:], m[0])
		})),
		inParts("one twice", "reply, kept", "", func(m [][]byte) [][]byte { return slices.Insert(m, 2, m[1]) }),
		inParts("all sent again at once", "reply, kept", "", func(m [][]byte) [][]byte { return append(m, m...) }),
		inParts("one missing", "silence, nothing", "", func(m [][]byte) [][]byte { return slices.Delete(m, 2, 3) }),
		inParts("one missing, all sent again", "reply, kept", "", func(m [][]byte) [][]byte {
			return append(slices.Delete(slices.Clone(m), 2, 3), m...)
		}),
		inParts("one that overlaps with others", "silence, nothing or reply, kept", "", func(m [][]byte) [][]byte {
			return slices.Insert(m, 2, bytes.Replace(m[2], []byte("\xa1o\xcd\x05\x00"), []byte("\xa1o\xcd\x04\x01"), 1))
		}),
		inParts("without the message", "silence, nothing", "", func(m [][]byte) [][]byte { return m[1:] }),
		{row: "parts: from another port", variant: fresh, want: "silence, nothing", try: func(c *client) string {
			key := randomID()
			messages := c.putMessages(c.token(), key, nil, large())
			wanted := c.answers(c.last)
			c.send(messages[0])
			c.ask("ping", nil)
			other := c.again()
			other.send(messages[1:]...)
			other.ask("ping", nil)
			c.patience = 200 * time.Millisecond
			answered := c.await(wanted)
			c.patience = patience
			return seen(answered, c.kept(key, large()))
		}},
		{row: "parts: two senders with the same transaction", variant: fresh, want: "reply, reply, kept, kept", dhtnode: luck,
			try: func(c *client) string {
				other := c.another()
				other.last, c.last = 1000, 1000
				key, otherKey := randomID(), randomID()
				mine := plain(7, strings.Repeat("mine", 1000))
				theirs := plain(7, strings.Repeat("else", 1000))
				token, otherToken := c.token(), other.token()
				messages := c.putMessages(token, key, nil, mine)
				otherMessages := other.putMessages(otherToken, otherKey, nil, theirs)
				for i := range messages {
					c.send(messages[i])
					other.send(otherMessages[i])
				}
				c.patience, other.patience = 2*time.Second, 2*time.Second
				return seen(c.await(c.answers(c.last)), other.await(other.answers(other.last)),
					c.kept(key, mine), other.kept(otherKey, theirs))
			}},
		{row: "parts: fifty small values", want: "reply, kept", try: func(c *client) string {
			key := randomID()
			var values [][]byte
			for i := range 50 {
				values = append(values, plain(uint64(i+1), "x"))
			}
			return seen(c.put(key, values...), c.kept(key, values...))
		}},
		{row: "parts: two large values", want: "reply, kept", try: func(c *client) string {
			key, second := randomID(), bytes.Replace(large(), []byte("\xa2id\x07"), []byte("\xa2id\x08"), 1)
			return seen(c.put(key, large(), second), c.kept(key, large(), second))
		}},
		{row: "parts: later than three seconds", variant: fresh, slow: true, want: "silence, nothing", try: func(c *client) string {
			key := randomID()
			messages := c.putMessages(c.token(), key, nil, large())
			wanted := c.answers(c.last)
			c.send(messages[:2]...)
			<-time.After(4 * time.Second)
			c.send(messages[2:]...)
			c.patience = time.Second
			answered := c.await(wanted)
			c.patience = patience
			return seen(answered, c.kept(key, large()))
		}},
		{row: "parts: behind the end of the value", variant: fresh, want: "silence, nothing, reply", try: func(c *client) string {
			key := randomID()
			messages := c.putMessages(c.token(), key, nil, large())
			beyond := bytes.Replace(messages[1], []byte("\xa1o\x00"), []byte("\xa1o\xcd\xff\xff"), 1)
			answered := c.after(messages[0], beyond)
			return seen(answered, c.kept(key, large()), c.ask("ping", nil))
		}},
	}
}

func sentPartPoints() []point {
	return []point{
		{row: "parts of an answer: sizes, offsets and transaction", want: "reply, 4830, 0-1280 1280-2560 2560-3840 3840-4830",
			try: func(c *client) string {
				key := randomID()
				c.put(key, large())
				a := c.ask("get", fields{"h": key[:]})
				length, ranges := 0, []string{}
				for _, element := range a.Values.All() {
					length = element.Length
				}
				for end := 0; end < length; {
					part := c.await(func(p answer) bool { return p.Kind == wire.KindPart && p.Transaction == a.Transaction })
					if part.silent() {
						return "too few parts"
					}
					for p := range part.Parts.All() {
						end = p.Offset + len(p.Data)
						ranges = append(ranges, spanOf(p))
					}
				}
				return seen(a, length, strings.Join(ranges, " "))
			}},
		{row: "parts of an answer: not below 600 bytes", want: "true", try: func(c *client) string {
			key, value := randomID(), plain(7, strings.Repeat("x", 550))
			c.put(key, value)
			for _, element := range c.ask("get", fields{"h": key[:]}).Values.All() {
				return seen(bytes.Equal(element.Packed, value))
			}
			return "none"
		}},
		{row: "parts of an answer: from 600 bytes on", want: "600", try: func(c *client) string {
			key, value := randomID(), plain(7, strings.Repeat("x", 600-len(plain(7, strings.Repeat("x", 256)))+256))
			c.put(key, value)
			for _, element := range c.ask("get", fields{"h": key[:]}).Values.All() {
				return seen(element.Length)
			}
			return "none"
		}},
		{row: "parts of an answer: fifty small values", want: "50, 50", try: func(c *client) string {
			key := randomID()
			for i := range 50 {
				c.put(key, plain(uint64(i+1), "x"))
			}
			announced := 0
			a := c.ask("get", fields{"h": key[:]})
			for _, element := range a.Values.All() {
				if element.Packed == nil {
					announced++
				}
			}
			return seen(announced, len(c.values(a)))
		}},
	}
}
