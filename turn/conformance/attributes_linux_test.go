// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"
)

// Protocols of REQUESTED-TRANSPORT (RFC 8656, section 18.7; RFC 6062,
// section 6.2.1) and values of REQUESTED-ADDRESS-FAMILY.
const (
	relayTCP = 6
	relayUDP = 17
	ipv4     = 1
	ipv6     = 2
)

// noSuchAttribute must be understood, but is not assigned to anything.
const noSuchAttribute stun.AttrType = 0x7ffe

func raw(attribute stun.AttrType, value ...byte) stun.Setter {
	return stun.RawAttribute{Type: attribute, Value: value}
}

func transportOf(protocol byte) stun.Setter {
	return raw(stun.AttrRequestedTransport, protocol, 0, 0, 0)
}

func familyOf(family byte) stun.Setter {
	return raw(stun.AttrRequestedAddressFamily, family, 0, 0, 0)
}

func lifetimeOf(d time.Duration) stun.Setter {
	return raw(stun.AttrLifetime, binary.BigEndian.AppendUint32(nil, uint32(d/time.Second))...)
}

func channelOf(number uint16) stun.Setter {
	return raw(stun.AttrChannelNumber, byte(number>>8), byte(number), 0, 0)
}

func connectionOf(id uint32) stun.Setter {
	return raw(stun.AttrConnectionID, binary.BigEndian.AppendUint32(nil, id)...)
}

// peerAddress is XOR-PEER-ADDRESS.
type peerAddress netip.AddrPort

func (p peerAddress) AddTo(m *stun.Message) error {
	addr := netip.AddrPort(p)
	return stun.XORMappedAddress{IP: addr.Addr().AsSlice(), Port: int(addr.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
}

func peerAt(ip string, port uint16) stun.Setter {
	return peerAddress(netip.AddrPortFrom(netip.MustParseAddr(ip), port))
}
