// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"encoding/binary"
	"math"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"
)

// RelayedAddress sets XOR-RELAYED-ADDRESS (RFC 8656, section 18.5). The address
// must be valid, as for the other addresses.
func RelayedAddress(addr netip.AddrPort) stun.Setter {
	return address{stun.AttrXORRelayedAddress, addr}
}

// MappedAddress sets XOR-MAPPED-ADDRESS (RFC 8489, section 14.2).
func MappedAddress(addr netip.AddrPort) stun.Setter {
	return address{stun.AttrXORMappedAddress, addr}
}

// PeerAddress sets XOR-PEER-ADDRESS (RFC 8656, section 18.3).
func PeerAddress(addr netip.AddrPort) stun.Setter {
	return address{stun.AttrXORPeerAddress, addr}
}

// LifetimeOf sets LIFETIME (RFC 8656, section 18.2) to the whole seconds of d,
// within what the attribute can hold.
func LifetimeOf(d time.Duration) stun.Setter {
	seconds := min(max(int64(d/time.Second), 0), math.MaxUint32)
	return wordOf(stun.AttrLifetime, uint32(seconds))
}

// ConnectionIDOf sets CONNECTION-ID (RFC 6062, section 6.2.1).
func ConnectionIDOf(id uint32) stun.Setter {
	return wordOf(stun.AttrConnectionID, id)
}

// UnknownAttributes sets UNKNOWN-ATTRIBUTES (RFC 8489, section 14.13), two bytes
// for each type; pion's own setter writes four.
func UnknownAttributes(types []stun.AttrType) stun.Setter {
	var value []byte
	for _, t := range types {
		value = binary.BigEndian.AppendUint16(value, t.Value())
	}
	return stun.RawAttribute{Type: stun.AttrUnknownAttributes, Value: value}
}

func wordOf(attr stun.AttrType, v uint32) stun.Setter {
	return stun.RawAttribute{Type: attr, Value: binary.BigEndian.AppendUint32(nil, v)}
}
