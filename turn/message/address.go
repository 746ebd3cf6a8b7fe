// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pion/stun/v2"
)

const (
	magicCookie = 0x2112A442
	// addressHead is what precedes the address: an unused byte, the family
	// and the port.
	addressHead = 4
)

// xorAddress reads an address in the form of XOR-MAPPED-ADDRESS (RFC 8489,
// section 14.2). pion's own reader panics on a value shorter than two bytes.
func xorAddress(value []byte, id [stun.TransactionIDSize]byte) (netip.AddrPort, error) {
	if len(value) < addressHead {
		return netip.AddrPort{}, fmt.Errorf("%w address: %d bytes", ErrMalformed, len(value))
	}
	family, raw := Family(value[1]), value[addressHead:]
	if (family != IPv4 || len(raw) != 4) && (family != IPv6 || len(raw) != 16) {
		return netip.AddrPort{}, fmt.Errorf("%w address: %v in %d bytes", ErrMalformed, family, len(raw))
	}
	port := binary.BigEndian.Uint16(value[2:]) ^ magicCookie>>16
	var mask [16]byte
	binary.BigEndian.PutUint32(mask[:], magicCookie)
	copy(mask[4:], id[:])
	var plain [16]byte
	for i := range raw {
		plain[i] = raw[i] ^ mask[i]
	}
	// The length has been compared, so there is an address.
	addr, _ := netip.AddrFromSlice(plain[:len(raw)])
	return netip.AddrPortFrom(addr.Unmap(), port), nil
}

// address is an attribute to be added in that form.
type address struct {
	attr stun.AttrType
	addr netip.AddrPort
}

// AddTo fails for the zero address only.
func (a address) AddTo(m *stun.Message) error {
	xor := stun.XORMappedAddress{IP: a.addr.Addr().AsSlice(), Port: int(a.addr.Port())}
	if err := xor.AddToAs(m, a.attr); err != nil {
		return fmt.Errorf("adding %v %v: %w", a.attr, a.addr, err)
	}
	return nil
}
