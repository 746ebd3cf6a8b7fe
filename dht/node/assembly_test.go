// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
	"pgregory.net/rapid"

	"jamibox/dht/wire"
)

// TestSlot fills a value with parts of all sizes in any order, some of them
// twice, and some that overlap.
func TestSlot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "value")
		type part struct{ start, end int }
		var parts []part
		for start := 0; start < len(want); {
			end := min(len(want), start+rapid.IntRange(1, 30).Draw(t, "size"))
			parts = append(parts, part{start, end})
			start = end
		}
		parts = rapid.Permutation(parts).Draw(t, "order")
		s := slot{length: len(want), value: make([]byte, len(want))}
		var covered [200]bool
		for i, p := range parts {
			require.False(t, s.full())
			require.True(t, s.fill(p.start, want[p.start:p.end]))
			for at := p.start; at < p.end; at++ {
				covered[at] = true
			}
			again := parts[rapid.IntRange(0, i).Draw(t, "again")]
			before := slices.Clone(s.value)
			require.True(t, s.fill(again.start, make([]byte, again.end-again.start)), "a repeat is passed over")
			start := rapid.IntRange(0, len(want)-1).Draw(t, "overlap start")
			end := rapid.IntRange(start+1, len(want)).Draw(t, "overlap end")
			if slices.Contains(covered[start:end], true) && slices.Contains(covered[start:end], false) {
				require.False(t, s.fill(start, make([]byte, end-start)))
			}
			require.Equal(t, before, s.value)
		}
		require.True(t, s.full())
		require.Equal(t, want, s.value)
		require.False(t, s.fill(len(want), []byte{0}))
	})
}

func TestSlotGapsAreBounded(t *testing.T) {
	s := slot{length: wire.MaxPackedValue, value: make([]byte, wire.MaxPackedValue)}
	for offset := 0; offset < s.length; offset += 2 {
		s.fill(offset, []byte{1})
	}
	require.Len(t, s.filled, maxSpans)
}

// TestParts sends a put in parts in every way in which it may come.
func TestParts(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	for name, arrange := range map[string]func(datagrams [][]byte) [][]byte{
		"in order":       func(d [][]byte) [][]byte { return d },
		"backwards":      func(d [][]byte) [][]byte { slices.Reverse(d); return d },
		"header last":    func(d [][]byte) [][]byte { return append(d[1:], d[0]) },
		"each one twice": func(d [][]byte) [][]byte { return append(d, d...) },
		"in any order": func(d [][]byte) [][]byte {
			rand.Shuffle(len(d), func(i, j int) { d[i], d[j] = d[j], d[i] })
			return d
		},
		"some lost at the first try": func(d [][]byte) [][]byte {
			first := slices.Clone(d)
			return append(slices.Delete(first, 3, 9), d...)
		},
		"header lost at the first try": func(d [][]byte) [][]byte { return append(slices.Clone(d[1:]), d...) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, n.v4)
			key, values := randomID(), [][]byte{value(1, 20_000), value(2, 900)}
			token := p.token()
			h := p.header()
			datagrams := [][]byte{wire.AppendPut(nil, h, key, token, 0, values)}
			for part := range wire.Parts(nil, h, values) {
				datagrams = append(datagrams, bytes.Clone(part))
			}
			require.Eventually(t, func() bool { return n.Stats().IPv4.Good > 0 }, patience, time.Millisecond)
			for _, datagram := range arrange(datagrams) {
				p.send(datagram)
			}
			require.EqualValues(t, 1, p.answered().ValueID)
			require.EqualValues(t, 2, p.answered().ValueID)
			require.Equal(t, values, newPeer(t, n.v4).get(key))
		})
	}
}

// TestPartsOfTwoPeers has two peers use the same transaction at the same time.
func TestPartsOfTwoPeers(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	peers := []*peer{newPeer(t, n.v4), newPeer(t, n.v4)}
	key := randomID()
	values := [][][]byte{{value(1, 5000)}, {value(2, 5000)}}
	var datagrams [2][][]byte
	for i, p := range peers {
		token := p.token()
		p.last = 1000
		h := wire.Header{Transaction: p.last, Sender: p.id}
		datagrams[i] = append(datagrams[i], wire.AppendPut(nil, h, key, token, 0, values[i]))
		for part := range wire.Parts(nil, h, values[i]) {
			datagrams[i] = append(datagrams[i], bytes.Clone(part))
		}
	}
	for part := range datagrams[0] {
		for i, p := range peers {
			p.send(datagrams[i][part])
		}
	}
	for i, p := range peers {
		require.EqualValues(t, i+1, p.answered().ValueID)
	}
	require.Equal(t, [][]byte{values[0][0], values[1][0]}, peers[0].get(key))
}

// handling returns a server that is not connected to anything, and its clock.
func handling(t testing.TB) (s *server, at func(time.Time)) {
	t.Helper()
	s = newServer(testConfig(), [2]*socket{}, nil)
	s.know(s.id)
	s.out = newOutbox(s)
	return s, func(now time.Time) {
		s.now = now
		s.out.flush()
	}
}

func TestPartsAreForgotten(t *testing.T) {
	from := netip.MustParseAddrPort("192.0.2.1:4222")
	for name, c := range map[string]struct {
		pause time.Duration // between parts
		whole bool
	}{
		"steady":            {100 * time.Millisecond, true},
		"as slow as may be": {partLife - 200*time.Millisecond, true},
		"too long a pause":  {partLife, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, at := handling(t)
			now := s.now
			key, values := randomID(), [][]byte{value(1, 3000)}
			h := wire.Header{Transaction: 1, Sender: randomID()}
			token := s.tokens.Token(from, now)
			s.handle(wire.AppendPut(nil, h, key, token[:], 0, values), from)
			require.Len(t, s.messages.byKey, 1)
			for part := range wire.Parts(nil, h, values) {
				now = now.Add(c.pause)
				at(now)
				for _, a := range s.messages.overdue(now) {
					s.lose(a)
				}
				s.handle(part, from)
			}
			require.Equal(t, c.whole, s.store.Stats().Values == 1)
			at(now.Add(assemblyLife))
			for _, a := range s.messages.overdue(s.now) {
				s.lose(a)
			}
			require.Empty(t, s.messages.byKey)
			require.Empty(t, s.messages.bySource)
			require.Zero(t, s.messages.bytes)
		})
	}
}

// TestPartsAreBounded announces and sends far more than there is room for.
func TestPartsAreBounded(t *testing.T) {
	s, _ := handling(t)
	announced := make([][]byte, 49)
	for i := range announced {
		announced[i] = value(1, wire.MaxValueSize)
	}
	for source := range 16 {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(source)}), 4222)
		token := s.tokens.Token(from, s.now)
		for transaction := range uint32(100) {
			h := wire.Header{Transaction: transaction + 1, Sender: randomID()}
			s.handle(wire.AppendPut(nil, h, randomID(), token[:], 0, announced), from)
			for part := range wire.Parts(nil, h, announced[:1]) {
				s.handle(part, from)
				break
			}
			// Early parts of messages that never come.
			s.handle(onePart(transaction+1000, 0, make([]byte, 1280)), from)
		}
		require.LessOrEqual(t, s.messages.bySource[from.Addr()], maxSourceBytes)
	}
	require.LessOrEqual(t, s.messages.bytes, maxAssemblyBytes)
	require.Greater(t, s.messages.bytes, maxAssemblyBytes*9/10)
	require.Positive(t, s.counts.lostParts)
	require.Positive(t, s.counts.lostMessages)
	sum := 0
	for _, a := range s.messages.byKey {
		sum += a.cost
	}
	require.Equal(t, sum, s.messages.bytes)
}

// TestPartsBesideWholeValues announces one value and brings another along.
func TestPartsBesideWholeValues(t *testing.T) {
	s, _ := handling(t)
	from, key := netip.MustParseAddrPort("[2001:db8::1]:4222"), randomID()
	token := s.tokens.Token(from, s.now)
	inline, large := value(1, 10), value(2, 3000)
	h := wire.Header{Transaction: 1, Sender: randomID()}
	// All are announced, so the first length is replaced by the value itself.
	announced := wire.AppendPut(nil, h, key, token[:], 0, [][]byte{inline, large})
	length := msgp.AppendUint64(nil, uint64(len(inline)))
	list := append([]byte{0x92}, length...)
	require.Equal(t, 1, bytes.Count(announced, list))
	mixed := bytes.Replace(announced, list, append([]byte{0x92}, inline...), 1)
	s.handle(mixed, from)
	require.Len(t, s.messages.byKey, 1)
	require.Positive(t, s.messages.bySource[netip.MustParseAddr("2001:db8::")])
	for part := range wire.Parts(nil, h, [][]byte{nil, large}) {
		s.handle(part, from)
	}
	require.Equal(t, [][]byte{inline, large}, slices.Collect(s.store.Values(key, nil, s.now)))
	require.Zero(t, s.messages.bytes)
}
