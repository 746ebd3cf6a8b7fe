// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
)

const fakeID = "abcdefghijklmnopqrst"

// fakeNode answers each request with the datagrams that respond returns, until
// the test ends.
func fakeNode(t *testing.T, respond func(method string, transaction uint32, from netip.AddrPort) []string) netip.AddrPort {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(anyLoopback(), 0)))
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			request, _, err := msgp.ReadMapStrIntfBytes(buf[:n], nil)
			if err != nil {
				t.Errorf("request does not parse: %v", err)
				return
			}
			for _, datagram := range respond(request["q"].(string), transactionOf(request), from) {
				if _, err := conn.WriteToUDPAddrPort([]byte(datagram), from); err != nil {
					t.Errorf("answering: %v", err)
					return
				}
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// transactionOf undoes msgp's choice of the Go type by the value's size.
func transactionOf(request map[string]any) uint32 {
	switch t := request["t"].(type) {
	case uint64:
		return uint32(t)
	case int64:
		return uint32(t)
	default:
		return 0
	}
}

// soundReply is what a real node would answer, with one node in the list.
func soundReply(method string, transaction uint32) string {
	token := ""
	if method == "find" {
		token = strings.Repeat("k", 32)
	}
	return replyWithToken(transaction, token)
}

func replyWithToken(transaction uint32, token string) string {
	b := msgp.AppendMapHeader(nil, 3)
	b = msgp.AppendString(b, "y")
	b = msgp.AppendString(b, "r")
	b = msgp.AppendString(b, "t")
	b = msgp.AppendUint32(b, transaction)
	b = msgp.AppendString(b, "r")
	b = msgp.AppendMapHeader(b, 3)
	b = msgp.AppendString(b, "id")
	b = msgp.AppendBytes(b, []byte(fakeID))
	b = msgp.AppendString(b, "n4")
	b = msgp.AppendBytes(b, []byte(fakeID+"\x7f\x00\x00\x01\x10\x7e"))
	b = msgp.AppendString(b, "token")
	return string(msgp.AppendBytes(b, []byte(token)))
}

// fakeEngine is an engine without a process, at a given address.
type fakeEngine struct{ addr netip.AddrPort }

func (e fakeEngine) Run(ctx context.Context, ready func()) error {
	ready()
	<-ctx.Done()
	return nil
}

func (e fakeEngine) Addr() netip.AddrPort { return e.addr }
func (e fakeEngine) PID() int             { return 0 }
