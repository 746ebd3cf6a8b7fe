// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"encoding/binary"
	"testing"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
)

// The steps of a fuzzed conversation: the first byte says what, the next two how
// many bytes follow for it.
const (
	stepRaw     = iota // the bytes as they are
	stepSigned         // a method and attributes, signed by alice
	stepForged         // the same, with a wrong key
	stepData           // ChannelData on 0x4000
	stepSend           // attributes of a Send indication
	stepPeer           // a packet from the peer
	stepRelease        // the end of the allocation
	steps
)

// step encodes one.
func step(kind byte, content []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(content))), content...)
}

// encoded returns attributes as they are in a message.
func encoded(attrs ...stun.Setter) []byte { return stun.MustBuild(attrs...).Raw[20:] }

func signedStep(method stun.Method, attrs ...stun.Setter) []byte {
	return step(stepSigned, append([]byte{byte(method)}, encoded(attrs...)...))
}

func seeds() [][]byte {
	allocate := signedStep(stun.MethodAllocate, transport(17))
	bind := signedStep(stun.MethodChannelBind, channel(0x4000), peerAt("127.0.0.1:9"))
	var all []byte
	for _, s := range [][]byte{
		allocate, signedStep(stun.MethodCreatePermission, peerAt("127.0.0.1:9"), peerAt("10.0.0.1:9")), bind,
		step(stepData, []byte("data")), step(stepSend, encoded(peerAt("127.0.0.1:9"), raw(stun.AttrData, 1, 2, 3))),
		step(stepPeer, []byte("answer")), signedStep(stun.MethodRefresh, message.LifetimeOf(0)), allocate, bind,
	} {
		all = append(all, s...)
	}
	return [][]byte{
		all,
		append(allocate, signedStep(stun.MethodCreatePermission, raw(stun.AttrXORPeerAddress))...),
		append(allocate, step(stepSend, encoded(raw(stun.AttrData), raw(stun.AttrXORPeerAddress)))...),
		append(allocate, step(stepRaw, []byte{0x40, 0x00, 0xFF, 0xFC})...),
		append(allocate, step(stepRaw, []byte{0x00, 0x01, 0xFF, 0xEC, 0x21, 0x12, 0xA4, 0x42})...),
		append(allocate, step(stepForged, encoded(message.LifetimeOf(0)))...),
		signedStep(stun.MethodAllocate, transport(17), family(2), raw(stun.AttrEvenPort, 0x80)),
		step(stepRaw, stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint).Raw),
		step(stepRelease, nil),
	}
}

// converse lets a client take the steps, and looks that the relay is alive then.
func converse(t *testing.T, r *rig, c *client, conversation []byte) {
	peer := listenPeer(t, loopback4)
	for range 64 {
		if len(conversation) < 3 {
			break
		}
		kind, size := conversation[0]%steps, int(binary.BigEndian.Uint16(conversation[1:]))
		conversation = conversation[3:]
		size = min(size, len(conversation), 1500)
		content := conversation[:size]
		conversation = conversation[size:]
		switch kind {
		case stepRaw:
			c.sendFuzzed(content)
		case stepSigned, stepForged:
			if len(content) > 0 {
				c.sendFuzzed(c.sign(content[0], content[1:], kind == stepSigned))
			}
		case stepData:
			c.send(channelData(0x4000, content))
		case stepSend:
			c.sendFuzzed(frameOf(stun.NewType(stun.MethodSend, stun.ClassIndication), content))
		case stepPeer:
			if live := r.ledger.Live(); len(live) > 0 && live[0].Relayed.Addr().Is4() {
				_, err := peer.WriteToUDPAddrPort(content, live[0].Relayed)
				require.NoError(t, err)
			}
		case stepRelease:
			c.send(c.build(stun.MethodRefresh, message.LifetimeOf(0)).Raw)
		}
	}
	c.exchange(stun.MustBuild(stun.TransactionID, stun.BindingRequest))
	c.ask(stun.MethodRefresh, message.LifetimeOf(0))
}

// frameOf makes a message of a type out of any attributes.
func frameOf(kind stun.MessageType, attrs []byte) []byte {
	m := stun.MustBuild(stun.TransactionID, kind)
	m.Raw = append(m.Raw, attrs...)
	for len(m.Raw)%4 != 0 {
		m.Raw = append(m.Raw, 0)
	}
	m.Length = uint32(len(m.Raw) - 20)
	m.WriteLength()
	return m.Raw
}

// sign makes a request of a method out of any attributes.
func (c *client) sign(method byte, attrs []byte, right bool) []byte {
	if c.nonce == nil {
		c.challenge()
	}
	m := &stun.Message{Raw: frameOf(stun.NewType(stun.Method(method&0x0F), stun.ClassRequest), append(
		encoded(stun.NewUsername(c.username), stun.NewRealm(testRealm), c.nonce), attrs...))}
	m.Length = uint32(len(m.Raw) - 20)
	key := stun.MessageIntegrity(c.key)
	if !right {
		key = stun.MessageIntegrity("wrong")
	}
	require.NoError(c.t, key.AddTo(m))
	return m.Raw
}

func FuzzSocket(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed)
	}
	r := startRig(f, nil)
	f.Fuzz(func(t *testing.T, conversation []byte) {
		c := dialAt(t, t, r.socket.LocalAddr().String(), "alice")
		c.sendFuzzed = c.send
		converse(t, r, c, conversation)
	})
}

func FuzzStream(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed)
	}
	r := startRig(f, nil)
	f.Fuzz(func(t *testing.T, conversation []byte) {
		c := r.dialStream(t, "alice")
		// What is no whole message does not get past the framing.
		c.sendFuzzed = func(msg []byte) {
			if len(msg) < 4 {
				return
			}
			if size, err := message.FrameSize([4]byte(msg)); err == nil && size == len(msg) {
				c.send(msg)
			}
		}
		converse(t, r, c, conversation)
	})
}
