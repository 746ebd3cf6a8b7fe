// SPDX-License-Identifier: GPL-3.0-or-later

package tcprelay

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
)

// noise returns bytes that show where one is missing.
func noise(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(p)
	return p
}

// requireBytes reads to the end.
func requireBytes(t testing.TB, want []byte, conn net.Conn) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "%d bytes sent, %d received", len(want), len(got))
}

// kinds are those of client connections.
var kinds = map[string]setup{
	"tcp": func(*box) {},
	"tls": secured,
}

// Three megabytes and an end must arrive complete, and the other direction go
// on.
func TestHalfClose(t *testing.T) {
	sent := noise(3 << 20)
	for kind, setup := range kinds {
		for _, from := range []string{"client", "peer"} {
			t.Run(kind+"/"+from+" first", func(t *testing.T) {
				b := newBox(t, setup)
				_, data, peer := accepted(t, b)
				first, second := data.(halfCloser), halfCloser(peer)
				if from == "peer" {
					first, second = second, first
				}
				for _, ends := range [][2]halfCloser{{first, second}, {second, first}} {
					sending := make(chan error, 1)
					go func() {
						_, err := ends[0].Write(sent)
						if err == nil {
							err = ends[0].CloseWrite()
						}
						sending <- err
					}()
					requireBytes(t, sent, ends[1])
					require.NoError(t, <-sending)
				}
				require.Eventually(t, func() bool { return b.Ledger.Live()[0].Connections == 0 }, patience, time.Millisecond)
				live := b.Ledger.Live()[0]
				require.EqualValues(t, len(sent), live.Up.Bytes)
				require.EqualValues(t, len(sent), live.Down.Bytes)
			})
		}
	}
}

// Both sides write and close at once, before the other has read.
func TestCloseAtOnce(t *testing.T) {
	b := newBox(t)
	_, data, peer := accepted(t, b)
	sent := noise(100_000)
	for _, conn := range []net.Conn{data, peer} {
		_, err := conn.Write(sent)
		require.NoError(t, err)
		require.NoError(t, conn.(halfCloser).CloseWrite())
	}
	requireBytes(t, sent, peer)
	requireBytes(t, sent, data)
}

func TestResetIsPassedOn(t *testing.T) {
	for _, from := range []string{"client", "peer"} {
		t.Run(from, func(t *testing.T) {
			b := newBox(t)
			_, data, peer := accepted(t, b)
			first, second := net.Conn(data), net.Conn(peer)
			if from == "peer" {
				first, second = second, first
			}
			requireEcho(t, first, second)
			reset(first)
			requireReset(t, second)
		})
	}
}

func TestLinger(t *testing.T) {
	tests := map[string]struct {
		from, to func(data, peer net.Conn) net.Conn
	}{
		"client ended": {from: first, to: second},
		"peer ended":   {from: second, to: first},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const limit = 500 * time.Millisecond
			b := newBox(t, func(b *box) { b.limits.linger = limit })
			_, data, peer := accepted(t, b)
			ended, open := test.from(data, peer), test.to(data, peer)
			require.NoError(t, ended.(halfCloser).CloseWrite())
			requireBytes(t, nil, open)

			// Bytes keep it open for longer than the limit.
			tick := time.NewTicker(limit / 50)
			defer tick.Stop()
			one := make([]byte, 1)
			for start := time.Now(); time.Since(start) < 2*limit; <-tick.C {
				_, err := open.Write(one)
				require.NoError(t, err)
				_, err = io.ReadFull(ended, one)
				require.NoError(t, err)
			}
			requireReset(t, ended)
		})
	}
}

func first(data, _ net.Conn) net.Conn  { return data }
func second(_, peer net.Conn) net.Conn { return peer }

func TestRateLimit(t *testing.T) {
	const rate = 64 << 10
	b := newBox(t, limited(ledger.Limits{BytesPerSecond: rate}))
	_, data, peer := accepted(t, b)
	sent := noise(rate + rate/2)
	start := time.Now()
	go func() {
		// A failure shows at the other end.
		_, _ = data.Write(sent)
		_ = data.(halfCloser).CloseWrite()
	}()
	requireBytes(t, sent, peer)
	// The first second's share is free, the last chunk is paid for afterwards.
	require.Greater(t, time.Since(start), time.Second*(rate/2-bufferSize/2)/rate)
}

// A connection that waits for its user's rate ends with its allocation.
func TestRateLimitEnds(t *testing.T) {
	b := newBox(t, limited(ledger.Limits{BytesPerSecond: 1}))
	c, data, peer := accepted(t, b)
	_, err := data.Write(noise(256 << 10))
	require.NoError(t, err)
	_, err = io.ReadFull(peer, make([]byte, 64<<10))
	require.NoError(t, err)
	require.NoError(t, c.conn.Close())
	requireEnded(t, peer)
}

// A side that takes nothing must not keep the allocation from ending.
func TestStalledEnds(t *testing.T) {
	for kind, setup := range kinds {
		t.Run(kind, func(t *testing.T) {
			b := newBox(t, setup)
			c, data, peer := accepted(t, b)
			require.NoError(t, peer.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
			_, err := peer.Write(noise(32 << 20))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			requireSuccess(t, c, c.do(t, stun.MethodRefresh, seconds(0)))
			requireEnded(t, peer)
			requireEnded(t, data)
		})
	}
}

// Counts are those of the moment, not of closed connections alone.
func TestLiveCounts(t *testing.T) {
	b := newBox(t)
	_, data, peer := accepted(t, b)
	requireEcho(t, data, peer)
	require.Eventually(t, func() bool {
		live := b.Ledger.Live()[0]
		return live.Up.Bytes == 5 && live.Down.Bytes == 5
	}, patience, time.Millisecond)
}

func BenchmarkRelay(b *testing.B) {
	for kind, setup := range kinds {
		b.Run("bulk "+kind, func(b *testing.B) {
			_, data, peer := accepted(b, newBox(b, setup))
			chunk := make([]byte, 256<<10)
			b.SetBytes(int64(len(chunk)))
			received := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, struct{ io.Reader }{peer})
				received <- err
			}()
			for b.Loop() {
				if _, err := data.Write(chunk); err != nil {
					b.Fatal(err)
				}
			}
			require.NoError(b, data.(halfCloser).CloseWrite())
			require.NoError(b, <-received)
		})
		b.Run("round trip "+kind, func(b *testing.B) {
			_, data, peer := accepted(b, newBox(b, setup))
			buffer := make([]byte, 200)
			go func() {
				_, _ = io.Copy(struct{ io.Writer }{peer}, struct{ io.Reader }{peer})
			}()
			for b.Loop() {
				if _, err := data.Write(buffer); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(data, buffer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
