// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// letters returns the datagrams that wait in the outbox, and empties it.
func (o *outbox) take() (datagrams [][]byte) {
	start := 0
	for _, l := range o.letters {
		datagrams = append(datagrams, bytes.Clone(o.data[start:l.end]))
		for part := range wire.Parts(nil, l.header, l.values) {
			datagrams = append(datagrams, bytes.Clone(part))
		}
		start = l.end
	}
	o.letters, o.data = nil, nil
	return datagrams
}

func TestRequestIsRepeated(t *testing.T) {
	to := netip.MustParseAddrPort("192.0.2.1:4222")
	s, _ := handling(t)
	began := s.now
	var result *reply
	s.ping(to, func(r reply) { result = &r })
	first := s.out.take()
	require.Len(t, first, 1)
	var sent []time.Duration
	for result == nil {
		s.now = s.now.Add(10 * time.Millisecond)
		s.repeat()
		for _, again := range s.out.take() {
			require.Equal(t, first[0], again)
			sent = append(sent, s.now.Sub(began))
		}
	}
	require.ErrorIs(t, result.err, ErrNoAnswer)
	require.Len(t, sent, 2)
	require.Empty(t, s.requests.byTransaction)
	require.Zero(t, s.requests.bytes)
	last := began
	for i, c := range []struct{ least, most time.Duration }{
		{1000, 1250}, {2000, 2750}, {4000, 5750},
	} {
		then := s.now
		if i < len(sent) {
			then = began.Add(sent[i])
		}
		waited := then.Sub(last)
		require.GreaterOrEqual(t, waited, c.least*time.Millisecond)
		require.LessOrEqual(t, waited, c.most*time.Millisecond+20*time.Millisecond)
		last = then
	}
}

func TestAnswerIsTaken(t *testing.T) {
	to, other := netip.MustParseAddrPort("192.0.2.1:4222"), netip.MustParseAddrPort("192.0.2.2:4222")
	for name, c := range map[string]struct {
		from  netip.AddrPort
		shift uint32
		taken bool
	}{
		"right":                   {to, 0, true},
		"error/other address":     {other, 0, false},
		"error/other port":        {netip.AddrPortFrom(to.Addr(), 1), 0, false},
		"error/other transaction": {to, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := handling(t)
			var result *reply
			s.ping(to, func(r reply) { result = &r })
			var request wire.Message
			require.NoError(t, request.Decode(s.out.take()[0]))
			h := wire.Header{Transaction: request.Transaction + c.shift, Sender: randomID()}
			s.handle(wire.AppendAnswer(nil, h, &wire.Answer{Seen: other.Addr()}), c.from)
			require.Equal(t, c.taken, result != nil)
			require.Equal(t, c.taken, s.tables[0].Counts(s.now).Good == 1)
			require.Equal(t, c.taken, s.proven.has(c.from.Addr()))
		})
	}
}

// TestPushIsRepeated has a listener miss a push in parts.
func TestPushIsRepeated(t *testing.T) {
	listener := netip.MustParseAddrPort("192.0.2.1:4222")
	s, _ := handling(t)
	key, token := randomID(), s.tokens.Token(listener, s.now)
	h := wire.Header{Transaction: 1, Sender: randomID()}
	s.handle(wire.AppendListen(nil, h, key, token[:], 9, &wire.Query{}), listener)
	s.out.take()
	s.put(&put{from: listener, key: key}, value(1, 2000))
	pushed := s.out.take()[:3]
	s.now = s.now.Add(1250 * time.Millisecond)
	s.repeat()
	again := s.out.take()
	for _, datagram := range pushed {
		require.Contains(t, again, datagram)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	s, _ := handling(t)
	to := netip.MustParseAddrPort("192.0.2.1:4222")
	for range maxRequests {
		s.ping(to, nil)
		s.out.letters, s.out.data = s.out.letters[:0], s.out.data[:0]
	}
	require.Len(t, s.requests.byTransaction, maxRequests)
	var result reply
	s.ping(to, func(r reply) { result = r })
	require.ErrorIs(t, result.err, ErrBusy)
	require.EqualValues(t, 1, s.counts.unsentRequests)
}

// TestPushesLeaveRoom has listeners that do not answer.
func TestPushesLeaveRoom(t *testing.T) {
	s, _ := handling(t)
	key := randomID()
	const listeners = maxPushed/maxPushes + 10
	for i := range listeners {
		from := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(i+1))
		token := s.tokens.Token(from, s.now)
		s.serveListen(&wire.Message{
			Kind: wire.KindListen, Key: key, Token: token[:], Version: 1, Sender: randomID(),
		}, from)
	}
	s.out.take()
	for id := range uint64(maxPushes + 10) {
		s.put(&put{key: key}, value(id+1, 10))
		require.Len(t, s.out.letters, listeners+1, "all are pushed, the put is answered")
		s.out.letters, s.out.data = s.out.letters[:0], s.out.data[:0]
		for _, n := range s.requests.byEndpoint {
			require.LessOrEqual(t, n, maxPushes)
		}
	}
	require.Len(t, s.requests.byTransaction, maxPushed)
	require.EqualValues(t, listeners*(maxPushes+10)-maxPushed, s.counts.unrepeated)
}
