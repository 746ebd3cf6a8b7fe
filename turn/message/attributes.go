// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/stun/v2"
)

// protoUDP is UDP's protocol number.
const protoUDP = 17

// Family is an address family as TURN numbers them (RFC 8656, section 18.8).
type Family byte

// The families there are.
const (
	IPv4 Family = 1
	IPv6 Family = 2
)

// ErrFamily marks a REQUESTED-ADDRESS-FAMILY that is neither IPv4 nor IPv6.
var ErrFamily = errors.New("unknown address family")

// FamilyOf returns the family of an address; an IPv4 address mapped into IPv6
// is IPv4.
func FamilyOf(addr netip.Addr) Family {
	if addr.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

func (f Family) String() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return fmt.Sprintf("family %d", byte(f))
}

// UnknownRequired returns the types of those attributes that must be understood
// (RFC 8489, section 14) and are not known, each once.
func UnknownRequired(m *stun.Message) []stun.AttrType {
	var unknown []stun.AttrType
	for _, a := range m.Attributes {
		if a.Type.Required() && !known(a.Type) && !slices.Contains(unknown, a.Type) {
			unknown = append(unknown, a.Type)
		}
	}
	return unknown
}

func known(attr stun.AttrType) bool {
	switch attr {
	case stun.AttrMappedAddress, stun.AttrUsername, stun.AttrMessageIntegrity, stun.AttrErrorCode,
		stun.AttrUnknownAttributes, stun.AttrRealm, stun.AttrNonce, stun.AttrXORMappedAddress,
		stun.AttrChannelNumber, stun.AttrLifetime, stun.AttrXORPeerAddress, stun.AttrData,
		stun.AttrXORRelayedAddress, stun.AttrRequestedAddressFamily, stun.AttrEvenPort,
		stun.AttrRequestedTransport, stun.AttrDontFragment, stun.AttrReservationToken, stun.AttrConnectionID:
		return true
	}
	return false
}

// RequestedTransport returns the protocol number of REQUESTED-TRANSPORT (RFC
// 8656, section 18.7); ok is false where there is none. The error is
// ErrMalformed.
func RequestedTransport(m *stun.Message) (proto byte, ok bool, err error) {
	v, ok, err := word(m, stun.AttrRequestedTransport)
	return byte(v >> 24), ok, err
}

// WantsUDP reports whether REQUESTED-TRANSPORT is UDP.
func WantsUDP(m *stun.Message) bool {
	proto, ok, err := RequestedTransport(m)
	return ok && err == nil && proto == protoUDP
}

// RequestedFamily returns REQUESTED-ADDRESS-FAMILY (RFC 8656, section 18.8); ok
// is false where there is none. Errors are ErrMalformed and ErrFamily.
func RequestedFamily(m *stun.Message) (f Family, ok bool, err error) {
	v, ok, err := word(m, stun.AttrRequestedAddressFamily)
	f = Family(v >> 24)
	if ok && err == nil && f != IPv4 && f != IPv6 {
		return 0, true, fmt.Errorf("%w %d", ErrFamily, f)
	}
	return f, ok, err
}

// Lifetime returns LIFETIME (RFC 8656, section 18.2); ok is false where there is
// none. The error is ErrMalformed.
func Lifetime(m *stun.Message) (d time.Duration, ok bool, err error) {
	v, ok, err := word(m, stun.AttrLifetime)
	return time.Duration(v) * time.Second, ok, err
}

// ChannelNumber returns CHANNEL-NUMBER (RFC 8656, section 18.1), whatever its
// range; ok is false where there is none. The error is ErrMalformed.
func ChannelNumber(m *stun.Message) (number uint16, ok bool, err error) {
	v, ok, err := word(m, stun.AttrChannelNumber)
	return uint16(v >> 16), ok, err
}

// ConnectionID returns CONNECTION-ID (RFC 6062, section 6.2.1); ok is false
// where there is none or it is malformed.
func ConnectionID(m *stun.Message) (id uint32, ok bool) {
	id, ok, err := word(m, stun.AttrConnectionID)
	return id, ok && err == nil
}

// word returns the value of an attribute of four bytes. ok tells whether the
// attribute is there, malformed or not.
func word(m *stun.Message, attr stun.AttrType) (v uint32, ok bool, err error) {
	a, ok := m.Attributes.Get(attr)
	if !ok {
		return 0, false, nil
	}
	if len(a.Value) != 4 {
		return 0, true, fmt.Errorf("%w %v: %d bytes instead of 4", ErrMalformed, attr, len(a.Value))
	}
	return binary.BigEndian.Uint32(a.Value), true, nil
}

// Peers returns all XOR-PEER-ADDRESS (RFC 8656, section 18.3) in their order,
// with IPv4 addresses never mapped into IPv6. The error is ErrMalformed.
func Peers(m *stun.Message) ([]netip.AddrPort, error) {
	var peers []netip.AddrPort
	for _, a := range m.Attributes {
		if a.Type != stun.AttrXORPeerAddress {
			continue
		}
		peer, err := xorAddress(a.Value, m.TransactionID)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", a.Type, err)
		}
		peers = append(peers, peer)
	}
	return peers, nil
}
