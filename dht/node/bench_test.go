// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/dht/limit"
	"jamibox/dht/wire"
)

// BenchmarkHandle measures the work on one request, without system calls, of a
// node that knows 200 others.
func BenchmarkHandle(b *testing.B) {
	from := netip.MustParseAddrPort("192.0.2.1:4222")
	h := wire.Header{Transaction: 1, Sender: randomID()}
	for name, prepare := range map[string]func(*server) [][]byte{
		"ping": func(*server) [][]byte { return [][]byte{wire.AppendPing(nil, h)} },
		"find": func(*server) [][]byte { return [][]byte{wire.AppendFind(nil, h, randomID())} },
		"get": func(s *server) [][]byte {
			return [][]byte{wire.AppendGet(nil, h, fill(s, 1, 128), &wire.Query{})}
		},
		"get 2000 bytes": func(s *server) [][]byte {
			return [][]byte{wire.AppendGet(nil, h, fill(s, 1, 2000), &wire.Query{})}
		},
		"put": func(s *server) (puts [][]byte) {
			token := s.tokens.Token(from, s.now)
			for range 10_000 {
				puts = append(puts, wire.AppendPut(nil, h, randomID(), token[:], 0, [][]byte{value(1, 128)}))
			}
			return puts
		},
	} {
		b.Run(name, func(b *testing.B) {
			s, _ := handling(b)
			s.limits = limit.New(limit.Config{}, s.now)
			requests := prepare(s)
			s.proven.add(from.Addr(), netip.Addr{}, s.now)
			for i := range 200 {
				other := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), 4222)
				s.tables[0].Answered(randomID(), other, false, s.now)
			}
			s.tables[0].Answered(h.Sender, from, false, s.now)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.handle(requests[i%len(requests)], from)
				s.out.letters, s.out.data = s.out.letters[:0], s.out.data[:0]
			}
		})
	}
}

// BenchmarkSave measures how long it takes to copy 100,000 values for the state
// file, and to write it; BenchmarkHold has what others notice of that.
func BenchmarkSave(b *testing.B) {
	s, _ := handling(b)
	s.cfg.StateFile = filepath.Join(b.TempDir(), "node.state")
	for range 100_000 {
		s.put(&put{from: netip.MustParseAddrPort("192.0.2.1:4222"), key: randomID()}, value(1, 128))
		s.out.letters, s.out.data = s.out.letters[:0], s.out.data[:0]
	}
	b.Run("copy", func(b *testing.B) {
		for b.Loop() {
			s.state()
		}
	})
	b.Run("copy and write", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, s.saveState())
		}
	})
}
