// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"encoding/binary"
	"iter"
	"math"
	"net/netip"

	"github.com/tinylib/msgp/msgp"
)

// Families is a set of address families.
type Families uint8

// The address families.
const (
	IPv4 Families = 1 << iota
	IPv6
)

// familyNumbers are the constants by which the families are named. Each
// platform sends its own, so all must be known, and all are sent.
func familyNumbers() [5]uint16 {
	return [...]uint16{
		2,  // IPv4, everywhere
		10, // IPv6 on Linux
		23, // IPv6 on Windows
		28, // IPv6 on FreeBSD
		30, // IPv6 on Apple systems
	}
}

// familyOf returns 0 for a number that no platform uses.
func familyOf(number uint64) Families {
	switch number {
	case 2:
		return IPv4
	case 10, 23, 28, 30:
		return IPv6
	default:
		return 0
	}
}

func readFamilies(b []byte) (Families, error) {
	count, b, err := readArray(b)
	if err != nil {
		return 0, err
	}
	var families Families
	for range count {
		var value []byte
		if value, b, err = cutBounded(b, maxDepth); err != nil {
			return 0, err
		}
		// What is no number is skipped, as real nodes do.
		if number, err := readUint(value, math.MaxUint16); err == nil {
			families |= familyOf(number)
		}
	}
	return families, nil
}

func appendFamilies(b []byte) []byte {
	numbers := familyNumbers()
	b = msgp.AppendArrayHeader(b, uint32(len(numbers)))
	for _, number := range numbers {
		b = msgp.AppendUint16(b, number)
	}
	return b
}

// Node is an entry of the compact lists n4 and n6.
type Node struct {
	ID   ID
	Addr netip.AddrPort
}

const nodeOverhead = len(ID{}) + 2 // id and port

// NodeList holds the compact lists of a reply.
type NodeList struct{ v4, v6 []byte }

// Len returns the number of nodes of both families.
func (l NodeList) Len() int {
	return len(l.v4)/(nodeOverhead+4) + len(l.v6)/(nodeOverhead+16)
}

// All yields the nodes as received, those with IPv4 addresses first.
func (l NodeList) All() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for b := l.v4; len(b) > 0; b = b[nodeOverhead+4:] {
			if !yield(nodeOf(b, 4)) {
				return
			}
		}
		for b := l.v6; len(b) > 0; b = b[nodeOverhead+16:] {
			if !yield(nodeOf(b, 16)) {
				return
			}
		}
	}
}

// From yields the nodes that the sender of the list can mean: a loopback
// address stands for the sender's host, and impossible addresses are skipped.
func (l NodeList) From(sender netip.Addr) iter.Seq[Node] {
	sender = sender.Unmap()
	return func(yield func(Node) bool) {
		for node := range l.All() {
			addr := node.Addr.Addr()
			if addr.IsLoopback() && addr.Is4() == sender.Is4() {
				node.Addr = netip.AddrPortFrom(sender, node.Addr.Port())
			}
			if Possible(node.Addr) && !yield(node) {
				return
			}
		}
	}
}

// Possible reports whether a node can have the address: port 0, unspecified,
// multicast, reserved and IPv4-mapped addresses are none of a node.
func Possible(node netip.AddrPort) bool {
	addr := node.Addr()
	if node.Port() == 0 || !addr.IsValid() {
		return false
	}
	if addr.Is4() {
		first := addr.As4()[0]
		return first != 0 && first < 224
	}
	return !addr.IsUnspecified() && !addr.IsMulticast() && !addr.Is4In6()
}

func nodeOf(b []byte, addrSize int) Node {
	idSize := len(ID{})
	addr, _ := netip.AddrFromSlice(b[idSize : idSize+addrSize])
	port := binary.BigEndian.Uint16(b[idSize+addrSize:])
	return Node{ID: ID(b[:idSize]), Addr: netip.AddrPortFrom(addr, port)}
}

func readNodes(b []byte, addrSize int) ([]byte, error) {
	blob, err := readBlob(b)
	if err != nil {
		return nil, err
	}
	if entry := nodeOverhead + addrSize; len(blob)%entry != 0 {
		return nil, wrongField("node list has %d bytes, expected a multiple of %d", len(blob), entry)
	}
	return blob, nil
}

// countNodes returns how many nodes have IPv4 addresses, IPv4-mapped ones
// among them, and how many have IPv6 addresses.
func countNodes(nodes []Node) (v4, v6 int) {
	for _, node := range nodes {
		if node.Addr.Addr().Unmap().Is4() {
			v4++
		} else {
			v6++
		}
	}
	return v4, v6
}

// appendNodes appends the compact list of those count nodes that have the given
// family.
func appendNodes(b []byte, nodes []Node, family Families, count int) []byte {
	addrSize := 16
	if family == IPv4 {
		addrSize = 4
	}
	b = msgp.AppendBytesHeader(b, uint32(count*(nodeOverhead+addrSize)))
	for _, node := range nodes {
		addr := node.Addr.Addr().Unmap()
		if addr.Is4() != (family == IPv4) {
			continue
		}
		b = append(b, node.ID[:]...)
		if family == IPv4 {
			raw := addr.As4()
			b = append(b, raw[:]...)
		} else {
			raw := addr.As16()
			b = append(b, raw[:]...)
		}
		b = binary.BigEndian.AppendUint16(b, node.Addr.Port())
	}
	return b
}
