// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
)

func TestGrantsExpire(t *testing.T) {
	now := time.Now()
	var g grants
	var peers []netip.AddrPort
	for i := range maxPermissions {
		peers = append(peers, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1))
		g.permit(peers[i].Addr(), now)
	}
	for i := range maxChannels {
		g.bind(uint16(minChannel+i), peers[i], now)
	}
	other := []netip.AddrPort{netip.MustParseAddrPort("10.9.9.9:1")}
	require.True(t, g.roomForPeers(peers[:3], now))
	require.False(t, g.roomForPeers(other, now))
	require.True(t, g.roomForPeers(other, now.Add(permissionLifetime)))
	require.True(t, g.roomForChannel(minChannel, now))
	require.False(t, g.roomForChannel(0x5000, now))
	require.True(t, g.roomForChannel(0x5000, now.Add(channelLifetime)))
}

func TestChannels(t *testing.T) {
	a, b := netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("10.0.0.1:2")
	now := time.Now()
	var g grants
	bound := func(number uint16, peer netip.AddrPort) bool {
		at, up := g.bound(number)
		back, down := g.channelOf(peer)
		return up && at == peer && down && back == number
	}
	require.False(t, bound(0x4000, a))
	g.bind(0x4000, a, now.Add(time.Second-channelLifetime))
	g.bind(0x4001, b, now)
	require.True(t, bound(0x4000, a))
	require.True(t, bound(0x4001, b))
	g.bind(0x4000, a, now)
	require.True(t, bound(0x4000, a), "prolonged")

	g.bind(0x4000, a, now.Add(-channelLifetime))
	_, up := g.bound(0x4000)
	require.False(t, up, "expired")
	_, down := g.channelOf(a)
	require.False(t, down, "expired")
	require.True(t, bound(0x4001, b))
	g.bind(0x4002, a, now)
	require.True(t, bound(0x4002, a))
	_, up = g.bound(0x4000)
	require.False(t, up, "the peer has another channel")
	g.bind(0x4000, netip.MustParseAddrPort("10.0.0.2:1"), now)
	require.Len(t, g.bindings(), 3)
}

// TestBindingWhileRelaying binds channels while packets come from their peer,
// each of which must arrive, as an indication or in a channel.
func TestBindingWhileRelaying(t *testing.T) {
	r := startRig(t, nil)
	for over, dial := range map[string]func(testing.TB, string) *client{"udp": r.dial, "tcp": r.dialStream} {
		t.Run(over, func(t *testing.T) {
			c := dial(t, "alice")
			relayed := c.allocate()
			for i := range 20 {
				peer := listenPeer(t, loopback4)
				c.require(stun.MethodCreatePermission, message.PeerAddress(addrOf(peer)))
				bind := c.build(stun.MethodChannelBind, channel(uint16(0x4000+i)), message.PeerAddress(addrOf(peer)))
				const packets = 50
				for n := range packets {
					if n == packets/2 {
						c.send(bind.Raw)
					}
					_, err := peer.WriteToUDPAddrPort(fmt.Append(nil, n), relayed)
					require.NoError(t, err)
				}
				for next := 0; next < packets; {
					msg := c.next()
					if !isChannelData(msg) {
						m, err := message.Decode(msg)
						require.NoError(t, err)
						if m.Type.Class != stun.ClassIndication {
							require.Zero(t, codeIn(m))
							continue
						}
					}
					text, _ := payloadOf(t, msg)
					require.Equal(t, fmt.Sprint(next), text)
					next++
				}
			}
		})
	}
}
