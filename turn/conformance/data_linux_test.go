// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bytes"
	"io"
	"net"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

const (
	// earlyData is what Jami's peers may send before they are answered.
	earlyData = 60 << 10
	// bulk does not fit in the buffers between client and peer.
	bulk = 3 << 20
)

// halfCloser is a connection that can end one direction.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// channelled opens a TCP allocation and joins client and peer through it.
func (c *client) channelled() (data halfCloser, peer *net.TCPConn) {
	c.t.Helper()
	_, peer, attempt := c.approached()
	conn, bound := c.bind(attempt.connection())
	require.Equal(c.t, "success", bound.String())
	return conn.(halfCloser), peer
}

// pattern is data in which a missing or moved part shows.
func pattern(size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return data
}

// pour sends all data, then does what ends the connection, and says how that
// went.
func pour(conn net.Conn, data []byte, end func() error) <-chan string {
	ended := make(chan string, 1)
	go func() {
		_, err := conn.Write(data)
		if err == nil {
			err = end()
		}
		if err != nil {
			ended <- failure(err)
			return
		}
		ended <- "sent"
	}()
	return ended
}

// keep ends nothing.
func keep() error { return nil }

// fill reads as much as was sent and says whether it was that.
func fill(conn net.Conn, sent []byte) string {
	received := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, received); err != nil {
		return failure(err)
	}
	if !bytes.Equal(received, sent) {
		return "other data"
	}
	return "all"
}

// drain reads to the end and says whether it was the data sent.
func drain(conn net.Conn, sent []byte) string {
	received, err := io.ReadAll(conn)
	switch {
	case err != nil:
		return failure(err)
	case !bytes.Equal(received, sent):
		return "incomplete"
	}
	return "all"
}

func dataPoints() []point {
	return []point{
		{
			row: "data: sent by the peer before the bind", over: tcp | secure, jami: true,
			try: func(c *client) string {
				_, peer, attempt := c.approached()
				sent := pour(peer, pattern(earlyData), keep)
				data, bound := c.bind(attempt.connection())
				return seen(bound, fill(data, pattern(earlyData)), <-sent)
			},
			want: "success, all, sent", coturn: luck,
		},
		{
			row: "data: sent by the client right behind the bind", over: tcp,
			try: func(c *client) string {
				_, peer, attempt := c.approached()
				data := c.again()
				data.realm, data.nonce = c.realm, c.nonce
				bind := data.sign(request(stun.MethodConnectionBind, connectionOf(attempt.connection())))
				require.NoError(c.t, data.send(append(bind.Raw, "hello"...)))
				bound := data.await(func(m *stun.Message) bool { return m.TransactionID == bind.TransactionID })
				return seen(bound, fill(peer, []byte("hello")))
			},
			want: "success, all", coturn: "success, silence",
		},
		{
			row: "data: over a connection the client asked for", over: tcp | secure,
			try: func(c *client) string {
				listener := peerListens(c.t, peer4)
				c.allocate(relayTCP)
				require.Equal(c.t, "success", c.permit(peer4).String())
				connected := c.connect(addrOf(listener.Addr()))
				peer, err := listener.AcceptTCP()
				require.NoError(c.t, err)
				defer func() { _ = peer.Close() }()
				data, bound := c.bind(connected.connection())
				require.NoError(c.t, peer.SetDeadline(time.Now().Add(patience)))
				to, back := pour(data, []byte("to"), keep), pour(peer, []byte("back"), keep)
				return seen(connected, bound, fill(peer, []byte("to")), fill(data, []byte("back")), <-to, <-back)
			},
			want: "success, success, all, all, sent, sent",
		},
		{
			row: "data: both ways at once", over: tcp | secure,
			try: func(c *client) string {
				data, peer := c.channelled()
				up, down := pour(data, pattern(bulk), keep), pour(peer, pattern(bulk), keep)
				arrived := make(chan string, 1)
				go func() { arrived <- fill(peer, pattern(bulk)) }()
				return seen(fill(data, pattern(bulk)), <-arrived, <-up, <-down)
			},
			want: "all, all, sent, sent", coturn: luck,
		},
		{
			row: "data: IPv6", over: tcp, at: server6,
			try: func(c *client) string {
				data, peer := c.channelled()
				up, down := pour(data, []byte("up"), keep), pour(peer, []byte("down"), keep)
				return seen(fill(peer, []byte("up")), fill(data, []byte("down")), <-up, <-down)
			},
			want: "all, all, sent, sent",
		},
		{
			row: "data: the peer sends and closes", over: tcp | secure,
			try: func(c *client) string {
				data, peer := c.channelled()
				sent := pour(peer, pattern(bulk), peer.Close)
				return seen(drain(data, pattern(bulk)), <-sent)
			},
			want: "all, sent", coturn: luck,
		},
		{
			row: "data: the client sends and closes", over: tcp | secure,
			try: func(c *client) string {
				data, peer := c.channelled()
				sent := pour(data, pattern(bulk), data.Close)
				return seen(drain(peer, pattern(bulk)), <-sent)
			},
			want: "all, sent", coturn: luck,
		},
		{
			row: "data: half-close by the client", over: tcp | secure,
			try: func(c *client) string {
				data, peer := c.channelled()
				asked := pour(data, []byte("question"), data.CloseWrite)
				question := drain(peer, []byte("question"))
				answered := pour(peer, pattern(bulk), peer.Close)
				return seen(question, drain(data, pattern(bulk)), <-asked, <-answered)
			},
			want: "all, all, sent, sent", coturn: anythingElse,
		},
		{
			row: "data: half-close by the peer", over: tcp | secure,
			try: func(c *client) string {
				data, peer := c.channelled()
				asked := pour(peer, []byte("question"), peer.CloseWrite)
				question := drain(data, []byte("question"))
				answered := pour(data, pattern(bulk), data.Close)
				return seen(question, drain(peer, pattern(bulk)), <-asked, <-answered)
			},
			want: "all, all, sent, sent", coturn: anythingElse,
		},
		{
			row: "data: reset by the peer", over: tcp,
			try: func(c *client) string {
				data, peer := c.channelled()
				require.NoError(c.t, peer.SetLinger(0))
				require.NoError(c.t, peer.Close())
				return ending(data)
			},
			want: "reset",
		},
		{
			row: "data: reset by the client", over: tcp,
			try: func(c *client) string {
				data, peer := c.channelled()
				require.NoError(c.t, data.(*net.TCPConn).SetLinger(0))
				require.NoError(c.t, data.Close())
				return ending(peer)
			},
			want: "reset",
		},
		{
			row: "data: eight connections of an allocation", over: tcp, jami: true,
			try: func(c *client) string {
				relayed := c.allocate(relayTCP)
				require.Equal(c.t, "success", c.permit(peer4).String())
				var datas []net.Conn
				var peers []*net.TCPConn
				for range 8 {
					peer, err := peerDials(c.t, peer4, relayed)
					require.NoError(c.t, err)
					data, bound := c.bind(c.attempt().connection())
					require.Equal(c.t, "success", bound.String())
					peers, datas = append(peers, peer), append(datas, data)
				}
				for i, peer := range peers {
					if _, err := peer.Write([]byte{byte(i)}); err != nil {
						return err.Error()
					}
				}
				received := make([]byte, len(datas))
				for i, data := range datas {
					if _, err := io.ReadFull(data, received[i:i+1]); err != nil {
						return failure(err)
					}
				}
				return seen(received)
			},
			want: "[0 1 2 3 4 5 6 7]",
		},
	}
}
