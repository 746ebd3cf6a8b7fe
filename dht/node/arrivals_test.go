// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

func TestArrivals(t *testing.T) {
	a := newArrivals()
	one := wire.Node{ID: randomID(), Addr: netip.MustParseAddrPort("192.0.2.1:4222")}
	two := wire.Node{ID: randomID(), Addr: netip.MustParseAddrPort("[2001:db8::1]:4222")}
	there := []wire.Node{one, two}
	anew := map[wire.ID]struct{}{one.ID: {}, randomID(): {}}
	now := time.Now()
	require.Empty(t, a.update(nil, nil, now))
	require.Equal(t, []wire.Node{one}, a.update(there[:1], nil, now))
	require.Equal(t, []wire.Node{two}, a.update(there, nil, now))
	require.Empty(t, a.update(there, nil, now.Add(time.Hour)))
	require.Empty(t, a.update(there, anew, now.Add(rejoinPause-1)), "it was just given all")
	require.Equal(t, []wire.Node{one}, a.update(there, nil, now.Add(rejoinPause)), "but it starts anew")
	require.Empty(t, a.update(there, nil, now.Add(time.Hour)))
	require.Empty(t, a.again)

	require.Empty(t, a.update(there[1:], nil, now.Add(time.Hour)), "one is expired")
	require.Len(t, a.good, 1)
	require.Equal(t, []wire.Node{one}, a.update(there, anew, now.Add(time.Hour)), "it comes back")
	require.Empty(t, a.again)
	both := []wire.Node{one, {ID: one.ID, Addr: two.Addr}}
	require.Empty(t, a.update(both, nil, now.Add(time.Hour)), "a node is one, whatever its addresses")
	both[0].Addr = netip.MustParseAddrPort("192.0.2.2:4222")
	require.Equal(t, both[:1], a.update(both, nil, now.Add(time.Hour)), "it moved")
	require.Empty(t, a.update(both, nil, now.Add(time.Hour)))
}

// TestRejoins bounds what a flood of forged finds makes us keep.
func TestRejoins(t *testing.T) {
	s, _ := handling(t)
	for range 2 * maxRejoined {
		h := wire.Header{Transaction: 1, Sender: randomID()}
		s.handle(wire.AppendFind(nil, h, h.Sender), netip.MustParseAddrPort("192.0.2.1:4222"))
	}
	require.Empty(t, s.rejoined, "nothing is replicated")
	s.cfg.Replicate = true
	for range 2 * maxRejoined {
		s.rejoins(randomID())
	}
	require.Len(t, s.rejoined, maxRejoined)
}
