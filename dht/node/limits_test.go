// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

func TestRequestLimit(t *testing.T) {
	s, at := handling(t)
	answered := func(from netip.AddrPort, requests int) (n int) {
		s.out.take()
		h := wire.Header{Transaction: 1, Sender: randomID(), Client: true}
		for range requests {
			s.handle(wire.AppendPing(nil, h), from)
		}
		return len(s.out.take())
	}
	one, neighbour := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.1:2")
	require.Equal(t, 1024, answered(one, 2500))
	require.Zero(t, answered(neighbour, 1), "the port does not matter")
	require.Equal(t, 1, answered(netip.MustParseAddrPort("192.0.2.2:1"), 1))
	at(s.now.Add(time.Second))
	require.Equal(t, 1024, answered(one, 2500))
	require.EqualValues(t, 2*(2500-1024)+1, s.unproven.Dropped().RequestsPerAddress)
	require.EqualValues(t, 2*1024+1, s.counts.requests[wire.KindPing])
	s.proven.add(one.Addr(), netip.Addr{}, s.now)
	require.Equal(t, 5000, answered(one, 5000), "a whole site may share an address that is not forged")
}

// fill stores so many values of so many bytes under a new key.
func fill(s *server, values, size int) wire.ID {
	key := randomID()
	for id := range values {
		s.put(&put{from: netip.MustParseAddrPort("192.0.2.99:1"), key: key}, value(uint64(id+1), size))
	}
	s.out.take()
	return key
}

func bytesOf(datagrams [][]byte) (n int) {
	for _, datagram := range datagrams {
		n += len(datagram)
	}
	return n
}

// crowd makes the tables know more nodes than an answer lists.
func crowd(s *server) {
	for i := range 20 {
		v4 := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 4222)
		v6 := netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i)}), 4222)
		s.tables[0].Answered(randomID(), v4, false, s.now)
		s.tables[1].Answered(randomID(), v6, false, s.now)
	}
}

// TestAmplification states what the least request with a forged source makes us
// send to the victim.
func TestAmplification(t *testing.T) {
	victim := netip.MustParseAddrPort("192.0.2.1:4222")
	h := wire.Header{Transaction: 1, Sender: wire.ID{1}}
	for name, c := range map[string]struct {
		request func(*server) []byte
		factor  float64 // bytes sent for each byte received
	}{
		"ping, with three tries of our own ping": {func(*server) []byte { return wire.AppendPing(nil, h) }, 6},
		"find":                                   {func(*server) []byte { return wire.AppendFind(nil, h, wire.ID{2}) }, 11},
		"get of nothing": {func(*server) []byte {
			return wire.AppendGet(nil, h, wire.ID{2}, &wire.Query{})
		}, 11},
		"get of an inline value": {func(s *server) []byte {
			return wire.AppendGet(nil, h, fill(s, 1, 500), &wire.Query{})
		}, 18},
		"put without token": {func(*server) []byte { return wire.AppendPut(nil, h, wire.ID{2}, nil, 0, nil) }, 6},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := handling(t)
			request := c.request(s)
			crowd(s)
			s.handle(request, victim)
			sent := s.out.take()
			for len(s.requests.schedule) > 0 {
				s.now = s.now.Add(time.Second)
				s.repeat()
				sent = append(sent, s.out.take()...)
			}
			factor := float64(bytesOf(sent)) / float64(len(request))
			t.Logf("%d bytes in %d datagrams for %d: factor %.1f", bytesOf(sent), len(sent), len(request), factor)
			require.Less(t, factor, c.factor)
		})
	}
}

// TestReflection states how much a flood of gets with a forged source makes us
// send to the victim in a second, when large values are stored.
func TestReflection(t *testing.T) {
	victim := netip.MustParseAddrPort("192.0.2.1:4222")
	for name, c := range map[string]struct {
		values, size int
		proven       bool
		most         int
	}{
		"large values":               {4, 60_000, false, 128 << 10},
		"middling values":            {1, 2000, false, 128 << 10},
		"more than one answer holds": {200, 60_000, false, 128 << 10},
		"proven address":             {4, 60_000, true, 16 << 20},
		"inline values":              {1, 200, false, 1024 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := handling(t)
			key := fill(s, c.values, c.size)
			crowd(s)
			if c.proven {
				s.proven.add(victim.Addr(), netip.Addr{}, s.now)
			}
			h := wire.Header{Transaction: 1, Sender: randomID(), Client: true}
			sent := 0
			for range 2000 {
				s.handle(wire.AppendGet(nil, h, key, &wire.Query{}), victim)
				sent += bytesOf(s.out.take())
			}
			t.Logf("%d bytes sent to one address in a second", sent)
			require.LessOrEqual(t, sent, c.most)
			require.Positive(t, sent)
		})
	}
}

func TestLargestValueReachesUnproven(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	writer, key, packed := newPeer(t, n.v4), randomID(), value(1, 65_000)
	writer.put(key, packed)
	reader := newPeer(t, n.v6, client, deaf)
	require.Equal(t, [][]byte{packed}, reader.get(key))
	require.Zero(t, n.Stats().DroppedUnproven.Answers)
	for range 4 {
		reader.send(wire.AppendGet(nil, reader.header(), key, &wire.Query{}))
	}
	require.Eventually(t, func() bool { return n.Stats().DroppedUnproven.Answers > 0 }, patience, time.Millisecond)
}

func TestProven(t *testing.T) {
	now := time.Now()
	p := newProven(now)
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	p.add(one, netip.Addr{}, now)
	require.True(t, p.has(one))
	require.False(t, p.has(two))
	p.add(two, netip.Addr{}, now.Add(provenLife))
	require.True(t, p.has(one), "still in the older half")
	p.add(two, netip.Addr{}, now.Add(2*provenLife))
	require.False(t, p.has(one))
	require.True(t, p.has(two))
	p.add(one, netip.Addr{}, now.Add(5*provenLife))
	require.False(t, p.has(two), "too long ago")
	for i := range 3 * maxProven {
		p.add(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), netip.Addr{}, now.Add(5*provenLife))
	}
	require.LessOrEqual(t, len(p.current)+len(p.previous), 2*maxProven)
}

func TestImpossibleAddresses(t *testing.T) {
	s, _ := handling(t)
	ping := wire.AppendPing(nil, wire.Header{Transaction: 1, Sender: randomID()})
	for i, from := range []string{"192.0.2.1:0", "0.1.2.3:4222", "224.0.0.1:4222", "255.255.255.255:4222", "[::]:4222", "[ff02::1]:4222"} {
		s.handle(ping, netip.MustParseAddrPort(from))
		require.EqualValues(t, i+1, s.counts.rejected[reasonAddress], from)
	}
	require.Empty(t, s.out.take())
}
