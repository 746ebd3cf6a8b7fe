// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest/exe"
	"jamibox/dht/node"
)

// starts is how often a node is started at ports that others may take first.
const starts = 20

// builtinKeeper is the builtin node with a state file.
type builtinKeeper struct {
	t       *testing.T
	state   string
	node    *node.Node
	stopped func()
}

func newBuiltinKeeper(t *testing.T) keeper {
	return &builtinKeeper{t: t, state: filepath.Join(t.TempDir(), "state")}
}

func (k *builtinKeeper) start() {
	k.t.Helper()
	var errs error
	for range starts {
		err := k.try()
		if err == nil {
			return
		}
		errs = errors.Join(errs, err)
	}
	require.NoError(k.t, errs)
}

func (k *builtinKeeper) try() error {
	cfg := node.DefaultConfig()
	cfg.IPv4, cfg.IPv6, cfg.StateFile = quietAddr(k.t), netip.AddrPort{}, k.state
	n := node.New(cfg, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- n.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		return err
	}
	k.node = n
	k.stopped = sync.OnceFunc(func() {
		cancel()
		require.NoError(k.t, <-ended)
	})
	k.t.Cleanup(k.stopped)
	return nil
}

func (k *builtinKeeper) stop()                { k.stopped() }
func (k *builtinKeeper) addr() netip.AddrPort { return k.node.Stats().Addrs[0] }
func (k *builtinKeeper) id() string           { return k.node.Stats().ID.String() }

// exeKeeper is the builtin node within the whole box, as a Windows program.
type exeKeeper struct {
	t   *testing.T
	dir string
	at  netip.AddrPort
	box *exe.Box
}

func newExeKeeper(t *testing.T) keeper {
	return &exeKeeper{t: t, dir: filepath.Join(t.TempDir(), "data")}
}

func (k *exeKeeper) start() {
	k.t.Helper()
	for range starts {
		k.at = quietAddr(k.t)
		k.box = exe.New(k.t, k.dir, "SERVER_LISTEN=127.0.0.1:0", "SERVER_HTTP_LISTEN=", "TURN_ENABLED=false",
			"DHT_LISTEN="+k.at.String())
		if k.box.Start("dht") {
			return
		}
	}
	require.FailNow(k.t, "the Windows program does not start")
}

func (k *exeKeeper) stop() {
	k.t.Helper()
	k.box.Stop()
}

func (k *exeKeeper) addr() netip.AddrPort { return k.at }

// listens is what the box says of its node.
var listens = regexp.MustCompile(`msg="dht node listens" service=dht node=([0-9a-f]{40})`)

func (k *exeKeeper) id() string {
	said := listens.FindStringSubmatch(k.box.Log())
	require.NotNil(k.t, said, "%s", k.box.Log())
	return said[1]
}

// quietAddr returns an address on which nothing arrives that was meant for
// another: it is not of those that systems give to who asks for any.
func quietAddr(t *testing.T) netip.AddrPort {
	t.Helper()
	const first, choice = 10000, 20000
	for range starts {
		addr := netip.AddrPortFrom(loopback().Addr(), uint16(first+rand.N(choice)))
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr))
		if err != nil {
			continue
		}
		require.NoError(t, conn.Close())
		return addr
	}
	require.FailNow(t, "no port is free")
	return netip.AddrPort{}
}
