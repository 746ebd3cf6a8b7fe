// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"encoding/binary"

	"github.com/pion/stun/v2"

	"jamibox/turn/message"
)

const channelDataHead = 4

// isChannelData tells ChannelData from STUN messages (RFC 8656, section 12).
func isChannelData(msg []byte) bool { return msg[0]>>6 == 0b01 }

// wholeChannelData reports whether all data announced is there; padding may
// follow. msg holds the four bytes of the head at least.
func wholeChannelData(msg []byte) bool {
	return int(binary.BigEndian.Uint16(msg[2:])) <= len(msg)-channelDataHead
}

// channelData relays what a client sends in a channel (RFC 8656, section 12.6),
// past pion, which would do no more, at a multiple of the cost.
func (s *session) channelData(msg []byte) {
	peer, ok := s.grants.bound(binary.BigEndian.Uint16(msg))
	if !ok {
		return
	}
	length := int(binary.BigEndian.Uint16(msg[2:]))
	s.endpoint.send(msg[channelDataHead:][:length], peer)
}

func isSend(m *stun.Message) bool {
	return m.Type.Class == stun.ClassIndication && m.Type.Method == stun.MethodSend
}

// sendable reports whether a Send indication (RFC 8656, section 11.2) is safe
// for pion, which panics on a peer address of no bytes.
func sendable(m *stun.Message) bool {
	if len(message.UnknownRequired(m)) > 0 || m.Contains(stun.AttrDontFragment) || !m.Contains(stun.AttrData) {
		return false
	}
	peers, err := message.Peers(m)
	return err == nil && len(peers) == 1
}
