// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"encoding/binary"
	"net/netip"

	"github.com/tinylib/msgp/msgp"
)

// Sizes in bytes of the C structures sockaddr_in and sockaddr_in6.
const (
	sockaddr4Size = 16
	sockaddr6Size = 28
)

// ServicePort returns the port in the data of a value of TypeService, which is
// the announcer's own C structure; 0 if it has none. It returns ErrField or
// ErrMalformed if the data is no such structure.
func ServicePort(data []byte) (uint16, error) {
	if _, _, err := cutBounded(data, maxDepth); err != nil {
		return 0, err
	}
	raw, _, err := msgp.ReadBytesZC(data)
	if err != nil {
		return 0, wrongType(err)
	}
	if len(raw) < 4 {
		return 0, wrongField("address structure has %d bytes, expected %d or %d",
			len(raw), sockaddr4Size, sockaddr6Size)
	}
	family := familyOf(uint64(binary.LittleEndian.Uint16(raw)))
	if int(raw[0]) == len(raw) {
		// BSD and Apple systems: a byte for the length, a byte for the family.
		family = familyOf(uint64(raw[1]))
	}
	if family == IPv4 && len(raw) == sockaddr4Size || family == IPv6 && len(raw) == sockaddr6Size {
		return binary.BigEndian.Uint16(raw[2:]), nil
	}
	return 0, nil
}

// ServiceData returns the data of a value of TypeService for an address, in the
// form of Linux, whatever the system. Nodes store it in place of what the
// announcer sent, so that nobody can announce others.
func ServiceData(service netip.AddrPort) []byte {
	addr := service.Addr().Unmap()
	var raw [sockaddr6Size]byte
	binary.BigEndian.PutUint16(raw[2:], service.Port())
	if addr.Is4() {
		binary.LittleEndian.PutUint16(raw[:], 2)
		address := addr.As4()
		copy(raw[4:], address[:])
		return msgp.AppendBytes(nil, raw[:sockaddr4Size])
	}
	binary.LittleEndian.PutUint16(raw[:], 10)
	address := addr.As16()
	copy(raw[8:], address[:]) // behind the flow label
	return msgp.AppendBytes(nil, raw[:])
}

// MessageService returns the service that the data of a value of TypeMessage
// is for, which nodes refuse to store if it is empty. It returns ErrField,
// ErrTooDeep or ErrMalformed for data of another form, which they store.
func MessageService(data []byte) ([]byte, error) {
	packed, _, err := cutBounded(data, maxDepth)
	if err != nil {
		return nil, err
	}
	count, elements, err := readArray(packed)
	if err != nil || count == 0 {
		return nil, err
	}
	return readText(elements)
}
