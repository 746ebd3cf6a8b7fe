// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/storage"
	"jamibox/dht/wire"
)

// script packs datagrams for FuzzHandle, all from one endpoint, a few
// milliseconds apart. A token of zeros stands for a good one.
func script(datagrams ...[]byte) (b []byte) {
	const endpoint = 5
	for _, datagram := range datagrams {
		b = append(b, endpoint)
		b = binary.BigEndian.AppendUint16(b, uint16(len(datagram)))
		b = append(b, datagram...)
	}
	return b
}

// FuzzHandle plays datagrams from a few addresses to a server while time goes
// by, then checks that all that they made it keep is bounded and accounted for.
func FuzzHandle(f *testing.F) {
	h := wire.Header{Transaction: 1, Sender: wire.ID{1}}
	key, wild, all := wire.ID{2}, make([]byte, wire.TokenSize), &wire.Query{}
	small, large := [][]byte{value(1, 10)}, [][]byte{value(2, 3000), value(3, 100)}
	inParts := [][]byte{wire.AppendPut(nil, h, key, wild, 0, large)}
	for part := range wire.Parts(nil, h, large) {
		inParts = append(inParts, bytes.Clone(part))
	}
	f.Add(script(wire.AppendPing(nil, h), wire.AppendFind(nil, h, key), wire.AppendGet(nil, h, key, all)))
	f.Add(script(
		wire.AppendPut(nil, h, key, wild, 0, small), wire.AppendListen(nil, h, key, wild, 7, all),
		wire.AppendPut(nil, h, key, wild, 1, large), wire.AppendRefresh(nil, h, key, wild, 1),
		wire.AppendGet(nil, h, key, &wire.Query{Select: wire.FieldID | wire.FieldOwner}),
	))
	f.Add(script(inParts...))
	f.Add(script(append(inParts[1:], inParts[0])...))
	f.Add(script(
		wire.AppendAnswer(nil, h, &wire.Answer{Seen: netip.IPv6Loopback(), Values: small}),
		wire.AppendError(nil, h, 401, "no"), wire.AppendExpiredNote(nil, h, wild, []uint64{1}),
		wire.AppendUpdate(nil, h, 7, wild, key, small), wire.AppendExpired(nil, h, 7, wild, []uint64{1}),
	))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, at := handling(t)
		began := s.now
		for len(b) >= 3 {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, b[0] & 3}), uint16(b[0]>>2))
			if b[0] >= 0xc0 {
				from = netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 15: b[0]}), 4222)
			}
			size := int(binary.BigEndian.Uint16(b[1:]))
			at(s.now.Add(time.Duration(b[0]) * time.Millisecond))
			b = b[3:]
			size = min(size, len(b))
			token := s.tokens.Token(from, s.now)
			datagram := bytes.ReplaceAll(b[:size], wild, token[:])
			b = b[size:]
			s.handle(datagram, from)
			s.out.take()
			checkAll(s)
			s.repeat()
			s.maintain()
			for _, a := range s.messages.overdue(s.now) {
				s.lose(a)
			}
			s.store.Expire(s.now)
		}
		accounted(t, s)
		at(began.Add(time.Hour))
		for _, a := range s.messages.overdue(s.now) {
			s.lose(a)
		}
		require.Zero(t, s.messages.bytes)
		require.Empty(t, s.messages.bySource)
		for len(s.requests.schedule) > 0 {
			at(s.now.Add(time.Second))
			s.repeat()
		}
		require.Zero(t, s.requests.bytes)
		require.Zero(t, s.checking)
	})
}

// checkAll does what the checkers would do.
func checkAll(s *server) {
	for len(s.jobs) > 0 {
		j := <-s.jobs
		checked := storage.Check(&j.value)
		s.finish(j, &checked)
	}
}

// accounted checks what a server says of its memory.
func accounted(t testing.TB, s *server) {
	t.Helper()
	sum := 0
	for _, a := range s.messages.byKey {
		kept := 0
		for _, slot := range a.slots {
			kept += len(slot.value)
		}
		for _, part := range a.early {
			kept += len(part.Data)
		}
		require.GreaterOrEqual(t, a.cost, kept)
		sum += a.cost
	}
	require.Equal(t, sum, s.messages.bytes)
	sum = 0
	for _, r := range s.requests.byTransaction {
		sum += r.size
	}
	require.Equal(t, sum, s.requests.bytes)
	require.Len(t, s.requests.schedule, len(s.requests.byTransaction))
}
