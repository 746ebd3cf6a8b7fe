// SPDX-License-Identifier: GPL-3.0-or-later

package port

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func opens(uint16) error { return nil }

func TestPoolTake(t *testing.T) {
	p := NewPool(Range{first: 100, last: 109})
	taken := make(map[uint16]bool)
	for range 10 {
		port, err := p.Take(opens)
		require.NoError(t, err)
		require.True(t, p.ports.Contains(port))
		require.False(t, taken[port], "port %d was in use", port)
		taken[port] = true
	}
	require.Equal(t, 10, p.Len())
	_, err := p.Take(func(uint16) error { panic("no port is left to open") })
	require.ErrorIs(t, err, ErrExhausted)

	p.Give(104)
	port, err := p.Take(opens)
	require.NoError(t, err)
	require.Equal(t, uint16(104), port)
	for port := range taken {
		p.Give(port)
	}
	require.Zero(t, p.Len())
}

func TestPoolTakeStartsAtRandom(t *testing.T) {
	firsts := make(map[uint16]bool)
	for range 200 {
		port, err := NewPool(Range{first: 49152, last: 65535}).Take(opens)
		require.NoError(t, err)
		firsts[port] = true
	}
	require.Greater(t, len(firsts), 150)
}

func TestPoolTakeErrors(t *testing.T) {
	t.Run("error/no port", func(t *testing.T) {
		_, err := NewPool(Range{}).Take(opens)
		require.ErrorIs(t, err, ErrExhausted)
	})
	t.Run("error/not for the port", func(t *testing.T) {
		p := NewPool(Range{first: 100, last: 109})
		errFiles, calls := errors.New("too many open files"), 0
		_, err := p.Take(func(uint16) error { calls++; return errFiles })
		require.ErrorIs(t, err, errFiles)
		require.Equal(t, 1, calls)
		require.Zero(t, p.Len())
	})
	t.Run("error/all bound elsewhere", func(t *testing.T) {
		p := NewPool(Range{first: 100, last: 109})
		bound := bind(t, 0)
		tried := make(map[uint16]bool)
		_, err := p.Take(func(port uint16) error {
			tried[port] = true
			return listenError(t, bound)
		})
		require.ErrorIs(t, err, ErrExhausted)
		require.Len(t, tried, 10)
		require.Zero(t, p.Len())
	})
}

// A port that another program has bound is passed over.
func TestPoolTakeBoundElsewhere(t *testing.T) {
	bound := bind(t, 0)
	p := NewPool(Range{first: bound, last: bound + 1})
	for range 20 {
		port, err := p.Take(func(port uint16) error {
			if port != bound {
				return nil
			}
			return listenError(t, port)
		})
		require.NoError(t, err)
		require.Equal(t, bound+1, port)
		p.Give(port)
	}
}

func bind(t *testing.T, port int) uint16 {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	bound := conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	if bound == 65535 {
		return bind(t, 0)
	}
	return bound
}

// listenError returns the error of binding a port that is bound.
func listenError(t *testing.T, port uint16) error {
	t.Helper()
	_, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", port))
	require.Error(t, err)
	return err
}

func TestPoolConcurrent(t *testing.T) {
	p := NewPool(Range{first: 100, last: 131})
	var holders [132]atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				port, err := p.Take(func(port uint16) error {
					if holders[port].Add(1) != 1 {
						return errors.New("two holders at a time")
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				holders[port].Add(-1)
				p.Give(port)
			}
		})
	}
	wg.Wait()
	require.Zero(t, p.Len())
}

func TestTakeEven(t *testing.T) {
	nothing := func(uint16) error { return nil }
	for text, want := range map[string]int{"50000-50009": 5, "50001-50009": 4, "50001-50010": 5, "50000-50000": 1, "50001-50001": 0, "65534-65535": 1} {
		t.Run(text, func(t *testing.T) {
			ports, err := ParseRange(text)
			require.NoError(t, err)
			pool := NewPool(ports)
			for range want {
				number, err := pool.TakeEven(nothing)
				require.NoError(t, err)
				require.Zero(t, number%2)
				require.True(t, ports.Contains(number))
			}
			require.Equal(t, want, pool.Len())
			_, err = pool.TakeEven(nothing)
			require.ErrorIs(t, err, ErrExhausted)
			for range ports.Size() - want {
				_, err := pool.Take(nothing)
				require.NoError(t, err)
			}
			require.Equal(t, ports.Size(), pool.Len())
		})
	}
}
