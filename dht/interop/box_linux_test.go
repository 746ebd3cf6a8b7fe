// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"context"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/dht/node"
	"jamibox/dht/wire"
)

// textType is the user type by which dhtnode prints a value as text.
const textType = "text/plain"

// box is the builtin node.
type box struct {
	*node.Node
	addr netip.AddrPort
	stop func()
}

// anyNetwork returns a number that no other test has.
func anyNetwork() uint32 { return 1 + rand.Uint32N(1<<31) }

// startBox runs the builtin node at an address of either family, in the namespace
// unless that is nil, until the test ends or stop is called.
func startBox(t *testing.T, in *namespace, at netip.AddrPort, network uint32, bootstrap ...string) *box {
	t.Helper()
	cfg := node.DefaultConfig()
	if cfg.IPv4, cfg.IPv6 = at, (netip.AddrPort{}); at.Addr().Is6() {
		cfg.IPv4, cfg.IPv6 = cfg.IPv6, cfg.IPv4
	}
	cfg.Network, cfg.Bootstrap = network, bootstrap
	n := node.New(cfg, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		if in != nil {
			// The socket belongs to the namespace of the thread that makes it. A
			// thread that is still locked ends with its goroutine.
			runtime.LockOSThread()
			if err := in.enter(); err != nil {
				ended <- err
				return
			}
		}
		ended <- n.Run(ctx, func() { close(ready) })
	}()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		require.FailNow(t, "the builtin node ended", "%v", err)
	}
	stop := sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(stop)
	return &box{Node: n, addr: n.Stats().Addrs[0], stop: stop}
}

// loopback is where boxes are that have no namespace.
func loopback() netip.AddrPort { return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0) }

// write stores a text as dhtnode does.
func (b *box) write(t *testing.T, key, text string) {
	t.Helper()
	v := wire.Value{ID: 1 + rand.Uint64N(1<<62), Data: []byte(text), UserType: []byte(textType)}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := b.Put(ctx, keyOf(key), v.Append(nil))
	require.NoError(t, err)
}

// read returns the texts under a key.
func (b *box) read(t *testing.T, key string) (texts []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	values, err := b.Get(ctx, keyOf(key))
	require.NoError(t, err)
	for _, packed := range values {
		v, err := wire.ParseValue(packed)
		require.NoError(t, err)
		texts = append(texts, string(v.Data))
	}
	return texts
}

// good is how many other nodes the box lists.
func (b *box) good() int {
	stats := b.Stats()
	return stats.IPv4.Good + stats.IPv6.Good
}

// keyOf is the key that dhtnode takes a word for.
func keyOf(word string) wire.ID {
	if id, err := hex.DecodeString(word); err == nil && len(id) == len(wire.ID{}) {
		return wire.ID(id)
	}
	return wire.HashOf([]byte(word))
}
