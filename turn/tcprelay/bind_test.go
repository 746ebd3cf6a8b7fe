// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
)

// waiting returns a client with a connection that waits to be bound.
func waiting(t *testing.T, b *box) (c *client, id uint32, peer net.Conn) {
	t.Helper()
	c = newClient(t, b, "alice")
	relayed := c.allocate(t)
	c.permit(t, loopback)
	peer = dialPeer(t, relayed)
	id, _ = c.attempt(t)
	return c, id, peer
}

// requireBindRefused checks the answer to a ConnectionBind, and that the
// connection is closed after it.
func requireBindRefused(t *testing.T, c *client, id uint32, code stun.ErrorCode) {
	t.Helper()
	requireCode(t, code, c.do(t, stun.MethodConnectionBind, message.ConnectionIDOf(id)))
	requireEnded(t, c.conn)
}

func TestBindRefused(t *testing.T) {
	tests := map[string]struct {
		as     func(c *client) *client
		attrs  func(id uint32) []stun.Setter
		want   stun.ErrorCode
		closes bool
	}{
		"no id":             {attrs: func(uint32) []stun.Setter { return nil }, want: stun.CodeBadRequest, closes: true},
		"malformed id":      {attrs: func(uint32) []stun.Setter { return []stun.Setter{raw(stun.AttrConnectionID, 1, 2)} }, want: stun.CodeBadRequest, closes: true},
		"unknown id":        {attrs: func(id uint32) []stun.Setter { return []stun.Setter{message.ConnectionIDOf(id + 1)} }, want: stun.CodeBadRequest, closes: true},
		"id 0":              {attrs: func(uint32) []stun.Setter { return []stun.Setter{message.ConnectionIDOf(0)} }, want: stun.CodeBadRequest, closes: true},
		"other user":        {as: other, want: stun.CodeWrongCredentials, closes: true},
		"wrong password":    {as: guessing, want: stun.CodeUnauthorized},
		"nonce too old":     {as: stale, want: stun.CodeStaleNonce},
		"unknown attribute": {attrs: func(id uint32) []stun.Setter { return []stun.Setter{message.ConnectionIDOf(id), raw(0x7777)} }, want: stun.CodeUnknownAttribute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBox(t)
			c, id, peer := waiting(t, b)
			data := c.data(t)
			good := *data
			if test.as != nil {
				data = test.as(data)
			}
			attrs := []stun.Setter{message.ConnectionIDOf(id)}
			if test.attrs != nil {
				attrs = test.attrs(id)
			}
			requireCode(t, test.want, data.do(t, stun.MethodConnectionBind, attrs...))
			// The pending connection stays.
			if test.closes {
				requireEnded(t, data.conn)
				requireEcho(t, c.bind(t, id), peer)
				return
			}
			requireSuccess(t, c, good.do(t, stun.MethodConnectionBind, message.ConnectionIDOf(id)))
			require.NoError(t, good.conn.SetDeadline(time.Time{}))
			requireEcho(t, good.conn, peer)
		})
	}
}

func TestBindTwice(t *testing.T) {
	b := newBox(t)
	c, id, peer := waiting(t, b)
	data := c.bind(t, id)
	requireBindRefused(t, c.data(t), id, stun.CodeBadRequest)
	requireEcho(t, data, peer)
}

func TestBindTriesAreBounded(t *testing.T) {
	b := newBox(t)
	c, id, _ := waiting(t, b)
	data := stale(c.data(t))
	for range maxBindTries {
		requireCode(t, stun.CodeStaleNonce, data.do(t, stun.MethodConnectionBind, message.ConnectionIDOf(id)))
	}
	requireEnded(t, data.conn)
}

func TestBindSaysNothingMore(t *testing.T) {
	b := newBox(t, func(b *box) { b.limits.request = 20 * time.Millisecond })
	c, id, _ := waiting(t, b)
	data := stale(c.data(t))
	requireCode(t, stun.CodeStaleNonce, data.do(t, stun.MethodConnectionBind, message.ConnectionIDOf(id)))
	requireEnded(t, data.conn)
}

func TestBindThenOtherRequest(t *testing.T) {
	b := newBox(t)
	c, id, _ := waiting(t, b)
	data := stale(c.data(t))
	requireCode(t, stun.CodeStaleNonce, data.do(t, stun.MethodConnectionBind, message.ConnectionIDOf(id)))
	data.send(t, c.sign(stun.MethodAllocate, transport(protoTCP)))
	requireEnded(t, data.conn)
}

func TestBindNeedsHalfClose(t *testing.T) {
	b := newBox(t)
	here, there := net.Pipe()
	defer there.Close()
	err := b.Bind(here, plain(stun.MethodConnectionBind), somePeer)
	require.ErrorIs(t, err, errNoHalfClose)
}
