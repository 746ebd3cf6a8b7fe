// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"context"
	"encoding/hex"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newProber(t *testing.T, node netip.AddrPort) *prober {
	p, err := dialProber(node)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.close()) })
	return p
}

func TestProbeAnswered(t *testing.T) {
	t.Parallel()
	for name, respond := range map[string]func(string, uint32) []string{
		"at once": func(method string, transaction uint32) []string {
			return []string{soundReply(method, transaction)}
		},
		"after garbage, a request and a foreign reply": func(method string, transaction uint32) []string {
			return []string{
				"", "garbage", "\xc1", strings.Repeat("\x91", 1000),
				"\x83\xa1y\xa1q\xa1q\xa4ping\xa1a\x81\xa2id\xc4\x14" + fakeID,
				soundReply(method, transaction+1),
				soundReply(method, transaction),
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			node := fakeNode(t, func(method string, transaction uint32, _ netip.AddrPort) []string {
				return respond(method, transaction)
			})
			got, err := newProber(t, node).probe(t.Context())
			require.NoError(t, err)
			require.Equal(t, hex.EncodeToString([]byte(fakeID)), got.node.String())
			require.Equal(t, 1, got.nodes)
			require.Positive(t, got.rtt)
		})
	}
}

func TestProbeRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		respond func(method string, transaction uint32) []string
		want    string
	}{
		"error/silent node": {
			func(string, uint32) []string { return nil },
			"no answer to ping",
		},
		"error/garbage": {
			func(string, uint32) []string { return []string{"garbage"} },
			"no valid answer to ping",
		},
		"error/foreign transaction": {
			func(method string, transaction uint32) []string { return []string{soundReply(method, transaction+1)} },
			"no answer to ping",
		},
		"error/answers ping only": {
			func(method string, transaction uint32) []string {
				if method == "ping" {
					return []string{soundReply(method, transaction)}
				}
				return nil
			},
			"no answer to find",
		},
		"error/find without token": {
			func(_ string, transaction uint32) []string { return []string{replyWithToken(transaction, "")} },
			"answered find with a token of 0 bytes, expected 32",
		},
		"error/refusal": {
			func(_ string, transaction uint32) []string {
				return []string{"\x82\xa1e\x92\xcd\x01\x91\xa2no\xa1t\xce" + string([]byte{
					byte(transaction >> 24), byte(transaction >> 16), byte(transaction >> 8), byte(transaction),
				})}
			},
			`refused ping: error 401: "no"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			node := fakeNode(t, func(method string, transaction uint32, _ netip.AddrPort) []string {
				return c.respond(method, transaction)
			})
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			start := time.Now()
			_, err := newProber(t, node).probe(ctx)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, node.String())
			require.Less(t, time.Since(start), 2*time.Second)
		})
	}
}

func TestProbeDeadPort(t *testing.T) {
	t.Parallel()
	port, err := freePort(0)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = newProber(t, netip.AddrPortFrom(anyLoopback(), port)).probe(ctx)
	require.Error(t, err)
}

func TestProbeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	node := fakeNode(t, func(string, uint32, netip.AddrPort) []string {
		asked <- struct{}{}
		return nil
	})
	p := newProber(t, node)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := p.probe(ctx)
		done <- err
	}()
	<-asked

	waiting, cancelWaiting := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancelWaiting()
	_, err := p.probe(waiting)
	require.ErrorIs(t, err, context.DeadlineExceeded, "a probe that waits for its turn")

	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestProbeRepeatsLostRequests(t *testing.T) {
	t.Parallel()
	lost := false
	node := fakeNode(t, func(method string, transaction uint32, _ netip.AddrPort) []string {
		if !lost {
			lost = true
			return nil
		}
		return []string{soundReply(method, transaction)}
	})
	_, err := newProber(t, node).probe(t.Context())
	require.NoError(t, err)
}

func TestProbesShareOneSourcePort(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	sources := map[netip.AddrPort]int{}
	node := fakeNode(t, func(method string, transaction uint32, from netip.AddrPort) []string {
		mu.Lock()
		defer mu.Unlock()
		sources[from]++
		return []string{soundReply(method, transaction)}
	})
	p := newProber(t, node)
	var probes sync.WaitGroup
	for range 10 {
		probes.Go(func() {
			if _, err := p.probe(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	probes.Wait()
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, sources, 1)
}
