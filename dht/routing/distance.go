// SPDX-License-Identifier: GPL-3.0-or-later

package routing

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"jamibox/dht/wire"
)

// idBits is the length of an id.
const idBits = 8 * len(wire.ID{})

// bit returns the given bit of the id, 0 being the most significant.
func bit(id *wire.ID, i uint8) int {
	return int(id[i>>3]>>(7-i&7)) & 1
}

// sharedBits returns the number of leading bits that a and b have in common.
func sharedBits(a, b *wire.ID) int {
	if x := binary.BigEndian.Uint64(a[:]) ^ binary.BigEndian.Uint64(b[:]); x != 0 {
		return bits.LeadingZeros64(x)
	}
	if x := binary.BigEndian.Uint64(a[8:]) ^ binary.BigEndian.Uint64(b[8:]); x != 0 {
		return 64 + bits.LeadingZeros64(x)
	}
	return 128 + bits.LeadingZeros32(binary.BigEndian.Uint32(a[16:])^binary.BigEndian.Uint32(b[16:]))
}

// closer reports whether a is closer to the target than b.
func closer(target, a, b *wire.ID) bool {
	shared := sharedBits(a, b)
	return shared < idBits && bit(a, uint8(shared)) == bit(target, uint8(shared))
}

// randomID returns a random id that shares at least the given number of leading
// bits with id.
func randomID(id wire.ID, shared int) wire.ID {
	var random wire.ID
	binary.BigEndian.PutUint64(random[:], rand.Uint64())
	binary.BigEndian.PutUint64(random[8:], rand.Uint64())
	binary.BigEndian.PutUint32(random[16:], rand.Uint32())
	whole := shared / 8
	copy(random[:whole], id[:whole])
	if rest := shared % 8; rest != 0 {
		mask := byte(0xff) << (8 - rest)
		random[whole] = id[whole]&mask | random[whole]&^mask
	}
	return random
}
