// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

func TestNotRunning(t *testing.T) {
	t.Parallel()
	n := New(testConfig(), slog.New(slog.DiscardHandler))
	_, err := n.Ping(t.Context(), netip.MustParseAddrPort("127.0.0.1:1"))
	require.ErrorIs(t, err, ErrNotRunning)
	_, err = n.Put(t.Context(), randomID(), value(1, 10))
	require.ErrorIs(t, err, ErrNotRunning)
	_, err = n.Get(t.Context(), randomID())
	require.ErrorIs(t, err, ErrNotRunning)
	require.Zero(t, n.Stats())
	n.Told(wire.Node{})
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	cfg := testConfig()
	cfg.IPv4 = n.v4
	err := New(cfg, slog.New(slog.DiscardHandler)).Run(t.Context(), nil)
	require.ErrorContains(t, err, strconv.Itoa(int(n.v4.Port())))
}

func TestOneFamily(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	cfg.IPv6 = netip.AddrPort{}
	n := run(t, cfg)
	require.Len(t, n.Stats().Addrs, 1)
	_, err := n.Ping(t.Context(), netip.MustParseAddrPort("[::1]:1"))
	require.ErrorContains(t, err, "not served")
	cfg.IPv4 = netip.AddrPort{}
	err = New(cfg, slog.New(slog.DiscardHandler)).Run(t.Context(), nil)
	require.ErrorContains(t, err, "no address")
}

func TestPingOther(t *testing.T) {
	t.Parallel()
	n, other := run(t, testConfig()), run(t, testConfig())
	id, err := n.Ping(t.Context(), other.v4)
	require.NoError(t, err)
	require.Equal(t, other.Stats().ID, id)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = n.Ping(ctx, newPeer(t, n.v4, deaf).addr)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestClosedPort has datagrams come back: that must not stop the readers.
func TestClosedPort(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	p := newPeer(t, n.v4)
	closed := newPeer(t, n.v4)
	closed.conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := n.Ping(ctx, closed.addr)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, wire.KindReply, p.ask(wire.AppendPing(nil, p.header())).Kind)
}

// TestNetwork joins nodes in a row, each to the one before, and has the last
// find what the first stored.
func TestNetwork(t *testing.T) {
	t.Parallel()
	const size = 12
	nodes := []*running{run(t, testConfig())}
	for range size - 1 {
		cfg := testConfig()
		cfg.Bootstrap = []string{nodes[len(nodes)-1].v4.String()}
		nodes = append(nodes, run(t, cfg))
	}
	for _, n := range nodes {
		// Who is not found at once is met when the tables are looked after.
		require.Eventually(t, func() bool { return n.Stats().IPv4.Good >= 8 }, catchingUp, 10*time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for name, packed := range map[string][]byte{"small": value(1, 100), "in parts": value(1, 50_000)} {
		t.Run(name, func(t *testing.T) {
			key := randomID()
			stored, err := nodes[0].Put(ctx, key, packed)
			require.NoError(t, err)
			require.Equal(t, 8, stored)
			for _, n := range nodes {
				got, err := n.Get(ctx, key)
				require.NoError(t, err)
				require.Equal(t, [][]byte{packed}, got)
			}
		})
	}
	t.Run("nothing there", func(t *testing.T) {
		got, err := nodes[size-1].Get(ctx, randomID())
		require.NoError(t, err)
		require.Empty(t, got)
	})
}

func TestPutAlone(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	key, packed := randomID(), value(1, 100)
	listener := newPeer(t, n.v4, client)
	listener.listens(key, 1, &wire.Query{})
	stored, err := n.Put(t.Context(), key, packed)
	require.NoError(t, err)
	require.Zero(t, stored)
	require.Equal(t, [][]byte{packed}, listener.values(listener.awaitKind(wire.KindUpdate)))
	got, err := n.Get(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, [][]byte{packed}, got)
	v := wire.Value{ID: 1, Type: wire.TypeCertificate, Data: []byte("no certificate")}
	_, err = n.Put(t.Context(), key, v.Append(nil))
	require.ErrorIs(t, err, ErrRefused)
	_, err = n.Put(t.Context(), key, []byte("no value"))
	require.ErrorIs(t, err, wire.ErrValue)
}

// TestStoppedWhileWaiting stops a node whose users wait for answers.
func TestStoppedWhileWaiting(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	other := newPeer(t, n.v4, deaf)
	failed := make(chan error)
	go func() {
		_, err := n.Ping(context.Background(), other.addr)
		failed <- err
	}()
	other.awaitKind(wire.KindPing)
	require.NoError(t, n.stop())
	require.ErrorIs(t, <-failed, ErrNotRunning)
}

func TestTold(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	p := newPeer(t, n.v4)
	n.Told(wire.Node{ID: p.id, Addr: p.addr})
	require.Eventually(t, func() bool { return n.Stats().IPv4.Good == 1 }, patience, time.Millisecond)
}

// TestHostComesBack joins a host that is not there yet.
func TestHostComesBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a repeat of the bootstrap")
	}
	t.Parallel()
	first := run(t, testConfig())
	addr := first.v4
	require.NoError(t, first.stop())
	cfg := testConfig()
	cfg.Bootstrap = []string{addr.String()}
	n := run(t, cfg)
	require.Eventually(t, func() bool { return n.Stats().Waiting == 1 }, patience, time.Millisecond)
	cfg = testConfig()
	cfg.IPv4 = addr
	back := run(t, cfg)
	require.Eventually(t, func() bool {
		return n.Stats().IPv4.Good == 1 && back.Stats().IPv4.Good == 1
	}, patience, 10*time.Millisecond)
}

// TestOwnHost has a node with itself in the list, as all boxes of a site may.
func TestOwnHost(t *testing.T) {
	t.Parallel()
	cfg := testConfig()
	for name, listen := range map[string]string{"one address": "127.0.0.1:0", "all addresses": "0.0.0.0:0"} {
		t.Run(name, func(t *testing.T) {
			cfg.IPv4 = netip.MustParseAddrPort(listen)
			n := run(t, cfg)
			own := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(n.v4.Port())))
			require.ErrorIs(t, n.running().greet(t.Context(), own, false), errOwnHost)
		})
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ host, want string }{
		"ipv4":           {"192.0.2.1:4222", "192.0.2.1:4222"},
		"ipv6":           {"[2001:db8::1]:4222", "[2001:db8::1]:4222"},
		"error/no port":  {"192.0.2.1", ""},
		"error/bad port": {"192.0.2.1:70000", ""},
		"error/no host":  {"does-not-exist.invalid:4222", ""},
	} {
		t.Run(name, func(t *testing.T) {
			addrs, err := resolve(t.Context(), c.host)
			if c.want == "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []netip.AddrPort{netip.MustParseAddrPort(c.want)}, addrs)
		})
	}
}

// TestRefusedByOthers has another node refuse what it is asked.
func TestRefusedByOthers(t *testing.T) {
	s, _ := handling(t)
	to := netip.MustParseAddrPort("192.0.2.1:4222")
	for name, answer := range map[string]func(wire.Header) []byte{
		"error/with id": func(h wire.Header) []byte { return wire.AppendError(nil, h, 401, "no") },
		"error/without id": func(h wire.Header) []byte {
			return []byte("\x83\xa1y\xa1e\xa1e\x92\xcd\x01\x91\xa2no\xa1t\xce" + transaction(h))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var result *reply
			s.find(to, randomID(), func(r reply) { result = &r })
			asked := decode(t, s)[0]
			s.handle(answer(wire.Header{Transaction: asked.Transaction, Sender: randomID()}), to)
			require.NotNil(t, result)
			var refusal *wire.Error
			require.ErrorAs(t, result.err, &refusal)
			require.Equal(t, 401, refusal.Code)
		})
	}
}

func transaction(h wire.Header) string {
	return string(binary.BigEndian.AppendUint32(nil, h.Transaction))
}

// TestIncompleteAnswer has another node announce values that never come.
func TestIncompleteAnswer(t *testing.T) {
	s, at := handling(t)
	to := netip.MustParseAddrPort("192.0.2.1:4222")
	var result *reply
	s.get(to, randomID(), func(r reply) { result = &r })
	asked := decode(t, s)[0]
	h := wire.Header{Transaction: asked.Transaction, Sender: randomID()}
	s.handle(wire.AppendAnswer(nil, h, &wire.Answer{Values: [][]byte{value(1, 2000)}}), to)
	require.Nil(t, result)
	at(s.now.Add(partLife))
	for _, a := range s.messages.overdue(s.now) {
		s.lose(a)
	}
	require.ErrorIs(t, result.err, ErrIncomplete)
}

// TestUnsent has the system refuse datagrams between others.
func TestUnsent(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	s := n.running()
	p := newPeer(t, n.v4)
	out := newOutbox(s)
	s.begin(out)
	for range 3 {
		s.ping(netip.MustParseAddrPort("192.0.2.1:4222"), nil) // not to be reached from a loopback address
		s.ping(p.addr, nil)
	}
	s.end()
	out.flush()
	for range 3 {
		p.awaitKind(wire.KindPing)
	}
	require.EqualValues(t, 3, n.Stats().Unsent)
}
