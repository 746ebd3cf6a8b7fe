// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/ledger"
	"jamibox/turn/message"
)

// listenPeer opens a socket for a peer, with room for a burst.
func listenPeer(t testing.TB, addr netip.Addr) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadBuffer(1<<20))
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func addrOf(conn *net.UDPConn) netip.AddrPort { return conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func receiveFrom(t testing.TB, conn *net.UDPConn) (string, netip.AddrPort) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	buffer := make([]byte, 64<<10)
	n, from, err := conn.ReadFromUDPAddrPort(buffer)
	require.NoError(t, err)
	return string(buffer[:n]), netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

func channelData(number uint16, payload []byte) []byte {
	msg := binary.BigEndian.AppendUint16(nil, number)
	msg = binary.BigEndian.AppendUint16(msg, uint16(len(payload)))
	msg = append(msg, payload...)
	return append(msg, make([]byte, (4-len(payload)%4)%4)...)
}

func sendIndication(peer netip.AddrPort, payload []byte) []byte {
	return stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		message.PeerAddress(peer), stun.RawAttribute{Type: stun.AttrData, Value: payload}).Raw
}

// payload returns what a message carries to the client, and from whom if it is
// a Data indication.
func payloadOf(t testing.TB, msg []byte) (string, netip.AddrPort) {
	t.Helper()
	if isChannelData(msg) {
		require.True(t, wholeChannelData(msg))
		return string(msg[4 : 4+binary.BigEndian.Uint16(msg[2:])]), netip.AddrPort{}
	}
	m, err := message.Decode(msg)
	require.NoError(t, err)
	require.Equal(t, stun.NewType(stun.MethodData, stun.ClassIndication), m.Type)
	data, err := m.Get(stun.AttrData)
	require.NoError(t, err)
	peers, err := message.Peers(m)
	require.NoError(t, err)
	require.Len(t, peers, 1)
	return string(data), peers[0]
}

func TestRelaying(t *testing.T) {
	for over, overTCP := range map[string]bool{"udp": false, "tcp": true} {
		for name, loopback := range map[string]netip.Addr{"IPv4": loopback4, "IPv6": loopback6} {
			t.Run(over+"/"+name, func(t *testing.T) {
				r := startRig(t, nil)
				dial := r.dial
				if overTCP {
					dial = r.dialStream
				}
				c, peer := dial(t, "alice"), listenPeer(t, loopback)
				relayed := c.allocate(family(byte(message.FamilyOf(loopback))))
				require.Equal(t, loopback, relayed.Addr())

				c.require(stun.MethodCreatePermission, message.PeerAddress(netip.AddrPortFrom(loopback, 1)))
				c.send(sendIndication(addrOf(peer), []byte("hello")))
				text, from := receiveFrom(t, peer)
				require.Equal(t, "hello", text)
				require.Equal(t, relayed, from)

				_, err := peer.WriteToUDPAddrPort([]byte("answer"), relayed)
				require.NoError(t, err)
				text, from = payloadOf(t, c.next())
				require.Equal(t, "answer", text)
				require.Equal(t, addrOf(peer), from)

				c.require(stun.MethodChannelBind, channel(0x4001), message.PeerAddress(addrOf(peer)))
				for _, size := range []int{0, 1, 2, 3, 4, 160, 1200, 1596} {
					sent := bytes.Repeat([]byte{byte(size)}, size)
					c.send(channelData(0x4001, sent))
					text, _ = receiveFrom(t, peer)
					require.Equal(t, string(sent), text)
					_, err = peer.WriteToUDPAddrPort(sent, relayed)
					require.NoError(t, err)
					text, from = payloadOf(t, c.next())
					require.Equal(t, string(sent), text)
					require.Zero(t, from, "it comes as ChannelData")
				}
				live := r.ledger.Live()[0]
				const bytes = 0 + 1 + 2 + 3 + 4 + 160 + 1200 + 1596
				require.Equal(t, ledger.Traffic{Packets: 9, Bytes: bytes + 5}, live.Up)
				require.Equal(t, ledger.Traffic{Packets: 9, Bytes: bytes + 6}, live.Down)
				require.Zero(t, live.Denied)
				require.Equal(t, []string{addrOf(peer).String()}, live.Peers)
			})
		}
	}
}

// TestBursts sends more than a batch at a time, of changing sizes and to two
// peers, and looks that each gets its own in their order.
func TestBursts(t *testing.T) {
	const rounds, burst = 20, 100
	for over, overTCP := range map[string]bool{"udp": false, "tcp": true} {
		t.Run(over, func(t *testing.T) {
			r := startRig(t, nil)
			dial := r.dial
			if overTCP {
				dial = r.dialStream
			}
			c := dial(t, "alice")
			relayed := c.allocate()
			peers := []*net.UDPConn{listenPeer(t, loopback4), listenPeer(t, loopback4)}
			for i, peer := range peers {
				c.require(stun.MethodChannelBind, channel(uint16(0x4000+i)), message.PeerAddress(addrOf(peer)))
			}
			size := func(i int) int { return 100 + i/7%3*500 }
			for round := range rounds {
				for i := range burst {
					payload := bytes.Repeat([]byte{byte(i)}, size(i))
					c.send(channelData(uint16(0x4000+i%2), payload))
				}
				for i := range burst {
					text, _ := receiveFrom(t, peers[i%2])
					require.Equal(t, string(bytes.Repeat([]byte{byte(i)}, size(i))), text, "round %d, packet %d", round, i)
				}
				for i := range burst {
					_, err := peers[0].WriteToUDPAddrPort(bytes.Repeat([]byte{byte(i)}, size(i)), relayed)
					require.NoError(t, err)
				}
				for i := range burst {
					text, _ := payloadOf(t, c.next())
					require.Equal(t, string(bytes.Repeat([]byte{byte(i)}, size(i))), text, "round %d, packet %d", round, i)
				}
			}
			require.Eventually(t, func() bool {
				live := r.ledger.Live()[0]
				return live.Up.Packets == rounds*burst && live.Down.Packets == rounds*burst
			}, patience, time.Millisecond)
		})
	}
}

func TestRelayToRelay(t *testing.T) {
	r := startRig(t, nil)
	alice, bob := r.dial(t, "alice"), r.dial(t, "bob")
	aliceAt, bobAt := alice.allocate(), bob.allocate()
	alice.require(stun.MethodChannelBind, channel(0x4000), message.PeerAddress(bobAt))
	bob.require(stun.MethodChannelBind, channel(0x4000), message.PeerAddress(aliceAt))
	alice.send(channelData(0x4000, []byte("ping")))
	text, _ := payloadOf(t, bob.next())
	require.Equal(t, "ping", text)
	bob.send(channelData(0x4000, []byte("pong")))
	text, _ = payloadOf(t, alice.next())
	require.Equal(t, "pong", text)
}

// TestDropped looks at packets that must not get through: one that does get
// through follows each, to know that the other was handled.
func TestDropped(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, func(s *settings) {
		s.logger = slog.New(slog.NewTextHandler(&log, nil))
		s.rules.Deny = []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}
	})
	stop := r.serve(t)
	c := r.dial(t, "alice")
	relayed := c.allocate()
	good, denied, stranger := listenPeer(t, loopback4), listenPeer(t, netip.MustParseAddr("127.0.0.2")),
		listenPeer(t, netip.MustParseAddr("127.0.0.3"))
	c.require(stun.MethodCreatePermission, message.PeerAddress(addrOf(denied)))
	c.require(stun.MethodChannelBind, channel(0x4000), message.PeerAddress(addrOf(good)))

	arrives := func(t *testing.T) {
		c.send(channelData(0x4000, []byte("mark")))
		text, _ := receiveFrom(t, good)
		require.Equal(t, "mark", text)
	}
	for name, msg := range map[string][]byte{
		"denied by policy":       sendIndication(addrOf(denied), []byte("x")),
		"no permission":          sendIndication(addrOf(stranger), []byte("x")),
		"unbound channel":        channelData(0x4001, []byte("x")),
		"channel data too short": channelData(0x4000, []byte("four"))[:7],
		"half a head":            {0x40},
		"nothing":                {},
		"other protocol":         {0x80, 0, 0, 0},
		"not STUN":               bytes.Repeat([]byte{0}, 40),
		"empty peer address": stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
			raw(stun.AttrData, 1), raw(stun.AttrXORPeerAddress)).Raw,
		"no data": stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
			message.PeerAddress(addrOf(good))).Raw,
		"dont fragment": stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
			message.PeerAddress(addrOf(good)), raw(stun.AttrData, 1), raw(stun.AttrDontFragment)).Raw,
		"response":       stun.MustBuild(stun.TransactionID, stun.BindingSuccess).Raw,
		"unknown method": stun.MustBuild(stun.TransactionID, stun.NewType(0x0FF, stun.ClassRequest)).Raw,
	} {
		t.Run(name, func(t *testing.T) {
			c.send(msg)
			arrives(t)
		})
	}
	for name, conn := range map[string]*net.UDPConn{"denied": denied, "stranger": stranger} {
		t.Run("nothing at/"+name, func(t *testing.T) {
			// What was sent on loopback has arrived by now. A deadline that has
			// passed would not even look.
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Millisecond)))
			_, _, err := conn.ReadFromUDPAddrPort(make([]byte, 10))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		})
	}
	require.EqualValues(t, 1, r.ledger.Live()[0].Denied)

	for name, from := range map[string]*net.UDPConn{"from denied": denied, "from stranger": stranger} {
		t.Run(name, func(t *testing.T) {
			_, err := from.WriteToUDPAddrPort([]byte("x"), relayed)
			require.NoError(t, err)
			_, err = good.WriteToUDPAddrPort([]byte("mark"), relayed)
			require.NoError(t, err)
			text, _ := payloadOf(t, c.next())
			require.Equal(t, "mark", text)
		})
	}
	t.Run("from good/too long", func(t *testing.T) {
		_, err := good.WriteToUDPAddrPort(make([]byte, maxPacket+1), relayed)
		require.NoError(t, err)
		_, err = good.WriteToUDPAddrPort([]byte("mark"), relayed)
		require.NoError(t, err)
		text, _ := payloadOf(t, c.next())
		require.Equal(t, "mark", text)
	})
	require.EqualValues(t, 2, r.ledger.Live()[0].Denied)
	stop()
	require.Empty(t, log.String(), "strangers must not fill the log")
}

// TestTooLong has a client and a peer send more datagrams in a row than a socket may
// fail to read, all of them longer than what is read: some systems call that a
// failure. Most may be lost.
func TestTooLong(t *testing.T) {
	const many, more = 2 * maxReadErrors, 100
	r := startRig(t, nil)
	c, peer := r.dial(t, "alice"), listenPeer(t, loopback4)
	relayed := c.allocate()
	c.require(stun.MethodChannelBind, channel(0x4000), message.PeerAddress(addrOf(peer)))
	for range many {
		c.send(make([]byte, inboundMTU+more))
		_, err := peer.WriteToUDPAddrPort(make([]byte, maxPacket+more), relayed)
		require.NoError(t, err)
	}
	c.send(channelData(0x4000, []byte("up")))
	text, _ := receiveFrom(t, peer)
	require.Equal(t, "up", text)
	_, err := peer.WriteToUDPAddrPort([]byte("down"), relayed)
	require.NoError(t, err)
	text, _ = payloadOf(t, c.next())
	require.Equal(t, "down", text)
}

func TestLimiter(t *testing.T) {
	r := startRig(t, func(s *settings) { s.limits.BytesPerSecond = 1 }) // and a burst of 64 KiB
	c, peer := r.dial(t, "alice"), listenPeer(t, loopback4)
	relayed := c.allocate()
	c.require(stun.MethodChannelBind, channel(0x4000), message.PeerAddress(addrOf(peer)))
	for range 100 {
		c.send(channelData(0x4000, make([]byte, 1024)))
	}
	for range 64 {
		receiveFrom(t, peer)
	}
	_, err := peer.WriteToUDPAddrPort(make([]byte, 1024), relayed)
	require.NoError(t, err)
	c.require(stun.MethodRefresh) // all has been handled, and nothing came back
	live := r.ledger.Live()[0]
	require.EqualValues(t, 64, live.Up.Packets)
	require.Zero(t, live.Down.Packets)
}
