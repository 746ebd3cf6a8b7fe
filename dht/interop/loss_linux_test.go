// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// port is that of a box in a namespace of its own.
	port = 4222
	// crowd is how many nodes are around the box.
	crowd = 20
	// listedDead is how long the box may list a node that died: 90 s of silence,
	// and three tries of up to 5.75 s and 10 s apart.
	listedDead = 150 * time.Second
)

// TestHalfDies kills half of twenty nodes, those that wrote the values.
func TestHalfDies(t *testing.T) {
	t.Parallel()
	network := anyNetwork()
	home := startBox(t, nil, loopback(), network)
	kinds := releases(t)
	peers := make([]*peer, crowd)
	for i := range peers {
		peers[i] = startPeer(t, nil, kinds[i%len(kinds)], network, home.addr)
	}
	require.Eventually(t, func() bool { return home.good() == crowd }, patience, 10*time.Millisecond)
	dying, living := peers[:crowd/2], peers[crowd/2:]
	// The nodes closest to a key may all die but the box, so that it has to be
	// among those.
	near := func(n int) string {
		id := home.Stats().ID
		id[19] ^= byte(n + 1)
		return id.String()
	}
	for i, p := range dying {
		p.write(near(i), fmt.Sprintf("value-%d", i))
	}
	for _, p := range dying {
		p.kill()
	}
	killed := time.Now()
	var slowest time.Duration
	for i := range dying {
		took, found := living[i].finds(near(i), fmt.Sprintf("value-%d", i))
		require.True(t, found, "value %d", i)
		slowest = max(slowest, took)
	}
	t.Logf("with half of the listed nodes dead, a value was found after %s at most", slowest.Round(time.Millisecond))
	if !full() {
		return
	}
	require.Len(t, home.read(t, near(0)), 1)
	require.Eventually(t, func() bool { return home.good() == len(living) }, listedDead, 100*time.Millisecond)
	t.Logf("the dead ones left the table %s after their death", time.Since(killed).Round(time.Second))
	for i, p := range living {
		p.write(near(crowd+i), "later")
	}
	slowest = 0
	for i := range living {
		took, found := living[len(living)-1-i].finds(near(crowd+i), "later")
		require.True(t, found, "value %d", i)
		slowest = max(slowest, took)
	}
	t.Logf("then a value was found after %s at most", slowest.Round(time.Millisecond))
}

// TestPartition cuts a network in two, of which one half has the box, and joins
// it again.
func TestPartition(t *testing.T) {
	t.Parallel()
	const half = 3
	kinds := releases(t)
	net, network := newPair(t), anyNetwork()
	home := startBox(t, net.left, netip.AddrPortFrom(net.leftAddr, port), network)
	var left, right []*peer
	for i := range half {
		r := kinds[i%len(kinds)]
		left = append(left, startPeer(t, net.left, r, network, home.addr))
		right = append(right, startPeer(t, net.right, r, network, home.addr))
	}
	require.Eventually(t, func() bool { return home.good() == 2*half }, patience, 10*time.Millisecond)
	right[0].awaitListed(home.Stats().ID.String(), home.addr, patience)
	right[0].write("before", "the-cut")

	net.cut()
	cut := time.Now()
	left[0].write("left", "meanwhile")
	if full() {
		require.Eventually(t, func() bool { return home.good() == half }, listedDead, 100*time.Millisecond)
		t.Logf("the other half left the table %s after the cut", time.Since(cut).Round(time.Second))
		require.Equal(t, []string{"the-cut"}, home.read(t, "before"))
	}
	net.heal()
	healed := time.Now()
	if full() {
		// Nobody says anything, but an expired node is pinged after a minute, then
		// after two.
		require.Eventually(t, func() bool { return home.good() == 2*half }, 4*time.Minute, 100*time.Millisecond)
		t.Logf("cut for %s, listed again %s after it was healed", healed.Sub(cut).Round(time.Second), time.Since(healed).Round(time.Second))
	}
	for _, p := range right {
		require.Eventually(t, func() bool {
			_, found := p.finds("left", "meanwhile")
			return found
		}, patience, 100*time.Millisecond)
	}
	t.Logf("whole again %s after it was healed", time.Since(healed).Round(100*time.Millisecond))
	require.Eventually(t, func() bool { return home.good() == 2*half }, patience, 100*time.Millisecond)
	right[2].write("after", "the-cut")
	_, found := left[2].finds("after", "the-cut")
	require.True(t, found)
}

// TestRenumbered gives the box another address while it runs.
func TestRenumbered(t *testing.T) {
	t.Parallel()
	kinds := releases(t)
	net, network := newPair(t), anyNetwork()
	home := startBox(t, net.left, netip.AddrPortFrom(netip.IPv4Unspecified(), port), network)
	before, after := netip.AddrPortFrom(net.leftAddr, port), netip.MustParseAddrPort("10.78.0.3:4222")
	old := startPeer(t, net.right, kinds[0], network, before)
	silent := startPeer(t, net.right, kinds[1%len(kinds)], network, before)
	require.Eventually(t, func() bool { return home.good() == 2 }, patience, 10*time.Millisecond)
	id := home.Stats().ID.String()
	silent.awaitListed(id, before, patience)
	old.write("before", "the-change")
	require.Eventually(t, func() bool { return home.Stats().Storage.Values == 1 }, patience, 10*time.Millisecond)

	net.left.run("ip address flush dev eth0")
	net.left.run("ip address add " + after.Addr().String() + "/24 dev eth0")
	changed := time.Now()
	// Who comes to the new address is served there, and sees all.
	late := startPeer(t, net.right, kinds[len(kinds)-1], network, after)
	late.awaitListed(id, after, patience)
	_, found := late.finds("before", "the-change")
	require.True(t, found)
	if !full() {
		return
	}
	// The box pings who is silent, and is found by that.
	for _, p := range []*peer{old, silent} {
		p.awaitListed(id, after, listedDead)
	}
	t.Logf("found again %s after the change, by nodes that were not told", time.Since(changed).Round(time.Second))
	require.Equal(t, 3, home.good())
}
