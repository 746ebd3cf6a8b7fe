// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

const channel = 0x4123

// sendTo sends data to a peer in a Send indication.
func (c *client) sendTo(peer netip.AddrPort, data string) {
	c.t.Helper()
	m := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication))
	require.NoError(c.t, c.send(build(m, peerAddress(peer), raw(stun.AttrData, []byte(data)...)).Raw))
}

// sendOn sends data on the channel, padded, which does no harm over UDP.
func (c *client) sendOn(channel uint16, data string) {
	c.t.Helper()
	frame := binary.BigEndian.AppendUint16(nil, channel)
	frame = binary.BigEndian.AppendUint16(frame, uint16(len(data)))
	frame = append(frame, data...)
	for len(frame)%4 != 0 {
		frame = append(frame, 0)
	}
	require.NoError(c.t, c.send(frame))
}

// data returns what the next Data indication says.
func (c *client) data() string {
	c.t.Helper()
	a := c.await(func(m *stun.Message) bool {
		return m.Type == stun.NewType(stun.MethodData, stun.ClassIndication)
	})
	if a.err != nil {
		return failure(a.err)
	}
	return a.text(stun.AttrData) + " from " + a.address(stun.AttrXORPeerAddress).String()
}

// channelData returns the payload of the next ChannelData message.
func (c *client) channelData() string {
	c.t.Helper()
	var data string
	err := c.receive(func(packet []byte) bool {
		if len(packet) < 4 || binary.BigEndian.Uint16(packet) != channel {
			return false
		}
		data = string(packet[4:][:binary.BigEndian.Uint16(packet[2:])])
		return true
	})
	if err != nil {
		return failure(err)
	}
	return data
}

// got returns the next datagram at a peer.
func got(conn *net.UDPConn) (string, netip.AddrPort) {
	buffer := make([]byte, 2000)
	n, from, err := conn.ReadFromUDPAddrPort(buffer)
	if err != nil {
		return failure(err), netip.AddrPort{}
	}
	return string(buffer[:n]), netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

// unasked reports whether a datagram is waiting.
func unasked(conn *net.UDPConn) bool {
	if conn.SetReadDeadline(time.Now().Add(10*time.Millisecond)) != nil {
		return false
	}
	_, err := conn.Read(make([]byte, 1))
	return err == nil
}

func datagramPoints() []point {
	return []point{
		{
			row: "UDP relay: Send and Data", over: udp | tcp | secure,
			try: func(c *client) string {
				peer := peerSocket(c.t, peer4)
				relayed := c.allocate(relayUDP)
				permitted := c.permit(peer4)
				c.sendTo(addrOf(peer.LocalAddr()), "up")
				up, from := got(peer)
				_, err := peer.WriteToUDPAddrPort([]byte("down"), relayed)
				require.NoError(c.t, err)
				return seen(permitted, up, from == relayed, c.data() == "down from "+peer.LocalAddr().String())
			},
			want: "success, up, true, true",
		},
		{
			row: "UDP relay: ChannelData", over: udp | tcp | secure,
			try: func(c *client) string {
				peer := peerSocket(c.t, peer4)
				relayed := c.allocate(relayUDP)
				bound := c.do(stun.MethodChannelBind, channelOf(channel), peerAddress(addrOf(peer.LocalAddr())))
				c.sendOn(channel, "going up")
				up, from := got(peer)
				_, err := peer.WriteToUDPAddrPort([]byte("down"), relayed)
				require.NoError(c.t, err)
				return seen(bound, up, from == relayed, c.channelData())
			},
			want: "success, going up, true, down",
		},
		{
			row: "UDP relay: IPv6", over: udp | tcp, at: server6,
			try: func(c *client) string {
				peer := peerSocket(c.t, peer6)
				relayed := c.allocate(relayUDP, familyOf(ipv6))
				permitted := c.permit(peer6)
				c.sendTo(addrOf(peer.LocalAddr()), "up")
				up, from := got(peer)
				_, err := peer.WriteToUDPAddrPort([]byte("down"), relayed)
				require.NoError(c.t, err)
				return seen(permitted, up, from == relayed, c.data() == "down from "+peer.LocalAddr().String())
			},
			want: "success, up, true, true",
		},
		{
			row: "UDP relay: nothing to a peer without permission", over: udp | tcp,
			try: func(c *client) string {
				peer, other := peerSocket(c.t, peer4), peerSocket(c.t, stranger)
				c.allocate(relayUDP)
				permitted := c.permit(peer4)
				c.sendTo(addrOf(other.LocalAddr()), "forbidden")
				c.sendTo(addrOf(peer.LocalAddr()), "allowed")
				up, _ := got(peer)
				return seen(permitted, up, unasked(other))
			},
			want: "success, allowed, false",
		},
		{
			row: "UDP relay: nothing from a peer without permission", over: udp | tcp,
			try: func(c *client) string {
				peer, other := peerSocket(c.t, peer4), peerSocket(c.t, stranger)
				relayed := c.allocate(relayUDP)
				permitted := c.permit(peer4)
				_, err := other.WriteToUDPAddrPort([]byte("forbidden"), relayed)
				require.NoError(c.t, err)
				_, err = peer.WriteToUDPAddrPort([]byte("allowed"), relayed)
				require.NoError(c.t, err)
				return seen(permitted, c.data() == "allowed from "+peer.LocalAddr().String())
			},
			want: "success, true",
		},
		{
			row: "UDP relay: from relay to relay", over: udp | tcp, jami: true,
			try: func(c *client) string {
				other := c.twin()
				here, there := c.allocate(relayUDP), other.allocate(relayUDP)
				permitted := seen(c.permit(server4), other.permit(server4))
				c.sendTo(there, "to")
				to := other.data() == "to from "+here.String()
				other.sendTo(here, "back")
				return seen(permitted, to, c.data() == "back from "+there.String())
			},
			want: "success, success, true, true",
		},
		{
			row: "policy: other services of the box are out of reach", over: udp | tcp,
			try: func(c *client) string {
				service, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(server4), 0)))
				require.NoError(c.t, err)
				defer func() { _ = service.Close() }()
				peer := peerSocket(c.t, peer4)
				c.allocate(relayUDP)
				permitted := c.permit(server4, peer4)
				c.sendTo(addrOf(service.LocalAddr()), "forbidden")
				c.sendTo(addrOf(peer.LocalAddr()), "allowed")
				up, _ := got(peer)
				return seen(permitted, up, unasked(service))
			},
			want: "success, allowed, false", coturn: "success, allowed, true",
		},
		{
			row: "policy: loopback is out of reach", over: udp | tcp,
			try: func(c *client) string {
				service, err := net.ListenUDP("udp4", nil)
				require.NoError(c.t, err)
				defer func() { _ = service.Close() }()
				peer := peerSocket(c.t, peer4)
				c.allocate(relayUDP)
				permitted := seen(c.permit(peer4), c.permit("127.0.0.1"))
				c.sendTo(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), addrOf(service.LocalAddr()).Port()), "forbidden")
				c.sendTo(addrOf(peer.LocalAddr()), "allowed")
				up, _ := got(peer)
				return seen(permitted, up, unasked(service))
			},
			want: "success, success, allowed, false", coturn: "success, 403, allowed, false",
		},
		{
			row: "wire: empty Send indication", over: udp | tcp,
			try: func(c *client) string {
				c.allocate(relayUDP)
				m := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication))
				require.NoError(c.t, c.send(build(m, raw(stun.AttrData)).Raw))
				return c.do(stun.MethodRefresh).String()
			},
			want: "success",
		},
		{
			row: "wire: data on a channel that is not bound", over: udp | tcp,
			try: func(c *client) string {
				c.allocate(relayUDP)
				c.sendOn(channel, "nowhere")
				return c.do(stun.MethodRefresh).String()
			},
			want: "success",
		},
		{
			row: "wire: malformed datagrams", over: udp,
			try: func(c *client) string {
				c.allocate(relayUDP)
				for _, datagram := range []string{
					"\x00", "\xff\xff\xff\xff", "\x40\x00\xff\xfc", "\x40\x00\x00\x08half",
					"\x00\x03\xff\xec\x21\x12\xa4\x42", "\x00\x03\x00\x08\x21\x12\xa4\x42" + "123456789012" + "\x00\x19\x00\x40",
				} {
					require.NoError(c.t, c.send([]byte(datagram)))
				}
				return c.do(stun.MethodRefresh).String()
			},
			want: "success",
		},
	}
}

func addrOf(addr net.Addr) netip.AddrPort {
	ap := netip.MustParseAddrPort(addr.String())
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
