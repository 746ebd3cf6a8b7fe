// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// largest is a text of about the size that nodes still store: 65,536 bytes.
const largest = 65_000

// TestShare has the nodes of each release, and one of each with one of each
// other, share values through the box.
func TestShare(t *testing.T) {
	t.Parallel()
	kinds := releases(t)
	for _, first := range kinds {
		for _, second := range kinds {
			t.Run(first.name+" and "+second.name, func(t *testing.T) {
				t.Parallel()
				share(t, loopback(), first, second)
			})
		}
		t.Run(first.name+" over IPv6", func(t *testing.T) {
			t.Parallel()
			at := netip.AddrPortFrom(netip.IPv6Loopback(), 0)
			conn, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(at))
			if err != nil {
				t.Skipf("this host has no IPv6: %v", err)
			}
			require.NoError(t, conn.Close())
			share(t, at, first, first)
		})
	}
}

func share(t *testing.T, at netip.AddrPort, first, second release) {
	network := anyNetwork()
	home := startBox(t, nil, at, network)
	began := time.Now()
	a := startPeer(t, nil, first, network, home.addr, newIdentity(t).options...)
	b := startPeer(t, nil, second, network, home.addr)
	require.Eventually(t, func() bool { return home.good() == 2 }, patience, 10*time.Millisecond)
	t.Logf("both listed %s after the first start", time.Since(began).Round(time.Millisecond))
	id := home.Stats().ID.String()
	for _, p := range []*peer{a, b} {
		p.awaitListed(id, home.addr, patience)
	}

	for size, value := range map[string]string{"small": "one value", "in parts": strings.Repeat("x", 5_000), "largest": strings.Repeat("y", largest)} {
		value = strings.ReplaceAll(value, " ", "-")
		key := strings.ReplaceAll(size, " ", "-")
		a.write(key, value)
		require.Equal(t, []string{value}, b.get(key), "%s, from one to the other", size)
		require.Equal(t, []string{value}, home.read(t, key), "%s, from one to the box", size)
		home.write(t, key+"-ours", value)
		require.Equal(t, []string{value}, a.get(key+"-ours"), "%s, from the box to one", size)
	}

	mark := b.listen("heard")
	a.write("heard", "by-another")
	b.told(mark, "by-another")
	home.write(t, "heard", "by-the-box")
	b.told(mark, "by-the-box")

	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan string, 16), make(chan error, 1)
	go func() {
		ended <- home.Listen(ctx, wire.HashOf([]byte("ours")), func(packed []byte, _ bool) {
			if v, err := wire.ParseValue(packed); err == nil {
				heard <- string(v.Data)
			}
		})
	}()
	b.write("ours", "to-the-box")
	select {
	case value := <-heard:
		require.Equal(t, "to-the-box", value)
	case <-time.After(patience):
		require.FailNow(t, "the box heard nothing")
	}
	cancel()
	require.NoError(t, <-ended)

	require.True(t, a.put("s", "signed", "by-its-owner"), "signed")
	require.NotEmpty(t, b.get("signed"))
	require.Equal(t, []string{"by-its-owner"}, home.read(t, "signed"))
	require.True(t, a.put("pp", "kept", "for-good"), "permanent")

	// What the writer left is there for who comes later.
	a.kill()
	late := startPeer(t, nil, second, network, home.addr)
	late.awaitListed(id, home.addr, patience)
	for _, key := range []string{"small", "largest", "kept", "signed"} {
		require.Len(t, late.get(key), 1, key)
	}
}

// TestOtherNetwork has nodes of another network ask: they are passed over in
// silence, and do not learn of the box nor the box of them.
func TestOtherNetwork(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			network := anyNetwork()
			home := startBox(t, nil, loopback(), network)
			stranger := startPeer(t, nil, r, network+1, home.addr)
			friend := startPeer(t, nil, r, network, home.addr)
			require.Eventually(t, func() bool { return home.Stats().Rejected["other network"] > 0 }, patience, 10*time.Millisecond)
			require.Eventually(t, func() bool { return home.good() == 1 }, patience, 10*time.Millisecond)
			friend.write("key", "for-friends")
			require.False(t, stranger.put("p", "key", "from-a-stranger"), "it knows nobody")
			require.Equal(t, []string{"for-friends"}, friend.get("key"))
			require.False(t, stranger.lists(home.Stats().ID.String(), home.addr))
			require.Equal(t, 1, home.good())
		})
	}
}

// TestPermanent has a value outlive its ten minutes, as long as its writer
// repeats it, and another one not.
func TestPermanent(t *testing.T) {
	if !full() {
		t.Skip("waits eleven minutes; run with -full")
	}
	t.Parallel()
	for _, r := range releases(t) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			network := anyNetwork()
			home := startBox(t, nil, loopback(), network)
			writer := startPeer(t, nil, r, network, home.addr)
			require.Eventually(t, func() bool { return home.good() == 1 }, patience, 10*time.Millisecond)
			require.True(t, writer.put("pp", "kept", "for-good"))
			writer.write("once", "for-a-while")
			refreshed := func() uint64 { return home.Stats().Requests["refresh"] + home.Stats().Requests["put"] }
			puts := refreshed()
			require.Eventually(t, func() bool { return len(home.read(t, "once")) == 0 }, 12*time.Minute, time.Second)
			require.Equal(t, []string{"for-good"}, home.read(t, "kept"))
			require.Greater(t, refreshed(), puts)
		})
	}
}
