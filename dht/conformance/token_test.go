// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import "jamibox/dht/wire"

// tokened returns points that use a token in every kind of request that needs
// one.
func tokened(row, want string, token func(c *client) []byte) []point {
	var points []point
	for _, method := range []string{"put", "listen", "refresh"} {
		points = append(points, point{row: "token: " + row + ", " + method, want: want, try: func(c *client) string {
			key := randomID()
			c.put(key, plain(7, "data"))
			arguments := fields{"h": key[:], "values": []any{rawValue(plain(7, "data"))}, "vid": 7, "sid": 1, "ve": 1}
			if t := token(c); t != nil {
				arguments["token"] = t
			}
			return c.ask(method, arguments).String()
		}})
	}
	return points
}

func tokenPoints() []point {
	var points []point
	points = append(points, tokened("of find", "reply", (*client).token)...)
	points = append(points, tokened("of get", "reply", func(c *client) []byte {
		key := randomID()
		return c.ask("get", fields{"h": key[:]}).Token
	})...)
	points = append(points, tokened("missing", "error 401", func(*client) []byte { return nil })...)
	points = append(points, tokened("empty", "error 401", func(*client) []byte { return []byte{} })...)
	points = append(points, tokened("short", "error 401", func(c *client) []byte { return c.token()[1:] })...)
	points = append(points, tokened("long", "error 401", func(c *client) []byte { return append(c.token(), 0) })...)
	points = append(points, tokened("wrong", "error 401", func(c *client) []byte {
		token := c.token()
		token[7] ^= 1
		return token
	})...)
	points = append(points, tokened("of another address", "error 401", func(c *client) []byte { return c.another().token() })...)
	points = append(points, tokened("of another port", "error 401", func(c *client) []byte { return c.again().token() })...)
	points = append(points, tokened("of another family", "error 401", func(c *client) []byte { return c.ipv6().token() })...)
	points = append(points, tokened("with another id of the peer", "reply", func(c *client) []byte {
		token := c.token()
		c.id = randomID()
		return token
	})...)
	return append(points, point{row: "token: one for all keys", want: "reply, reply", try: func(c *client) string {
		token := c.token()
		put := func() answer { return c.putWith(token, randomID(), nil, plain(7, "data")) }
		return seen(put(), put())
	}}, point{row: "token: length", want: "true", try: func(c *client) string {
		return seen(len(c.token()) == wire.TokenSize)
	}})
}
