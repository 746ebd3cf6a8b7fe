// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"jamibox/dht/wire"
)

const (
	// assemblyLife bounds the time that a message in parts takes, and partLife
	// that between two of its datagrams (section 7).
	assemblyLife = 10 * time.Second
	partLife     = 3 * time.Second

	// maxAssemblyBytes bounds the memory for all messages in parts, and
	// maxSourceBytes that for those from one source.
	maxAssemblyBytes = 32 << 20
	maxSourceBytes   = 8 << 20
	// maxEarlyBytes bounds the parts of a message that come before its header.
	maxEarlyBytes = 128 << 10
	// assemblyCost, slotCost and partCost are what a message, each of its values,
	// and each of its early parts count besides their bytes.
	assemblyCost = 1 << 10
	slotCost     = 64
	partCost     = 128
)

// assembly is a message of which parts are missing. They come in any order, also
// before the header.
type assembly struct {
	key     assemblyKey
	began   time.Time
	touched time.Time
	cost    int
	early   []wire.Part
	slots   []slot
	missing int                   // slots that are not full
	done    func([][]byte, error) // nil before the header has come
}

// assemblyKey tells messages in parts apart.
type assemblyKey struct {
	from        netip.AddrPort
	transaction uint32
}

// assemblies are all messages in parts. Their memory is bounded.
type assemblies struct {
	byKey    map[assemblyKey]*assembly
	bySource map[netip.Addr]int // bytes
	bytes    int
}

func newAssemblies() assemblies {
	return assemblies{byKey: make(map[assemblyKey]*assembly), bySource: make(map[netip.Addr]int)}
}

// open returns the assembly with the key, if need be a new one, or nil if there
// is no room.
func (m *assemblies) open(key assemblyKey, now time.Time) *assembly {
	a := m.byKey[key]
	if a == nil {
		a = &assembly{key: key, began: now}
		if !m.grow(a, assemblyCost) {
			return nil
		}
		m.byKey[key] = a
	}
	a.touched = now
	return a
}

// announce has the assembly wait for what the header announces. It returns false
// if there is no room.
func (m *assemblies) announce(a *assembly, values *wire.ValueList) bool {
	if !m.grow(a, values.Len()*slotCost) {
		return false
	}
	a.slots = make([]slot, values.Len())
	for i, element := range values.All() {
		if element.Packed == nil {
			a.slots[i].length = element.Length
			a.missing++
			continue
		}
		if !m.grow(a, len(element.Packed)) {
			return false
		}
		a.slots[i].value = bytes.Clone(element.Packed)
	}
	early := a.early
	a.early = nil
	for _, part := range early {
		m.fill(a, part)
	}
	return true
}

// keep keeps a part until the header comes. It returns false if there is no room.
func (m *assemblies) keep(a *assembly, part wire.Part) bool {
	if a.cost > maxEarlyBytes || !m.grow(a, len(part.Data)+partCost) {
		return false
	}
	part.Data = bytes.Clone(part.Data)
	a.early = append(a.early, part)
	return true
}

// fill puts a part into its place. It returns false for one that has none, and
// if there is no room.
func (m *assemblies) fill(a *assembly, part wire.Part) bool {
	if part.Index >= len(a.slots) {
		return false
	}
	s := &a.slots[part.Index]
	if s.full() {
		return true
	}
	if s.value == nil {
		if !m.grow(a, s.length) {
			return false
		}
		s.value = make([]byte, s.length)
	}
	if !s.fill(part.Offset, part.Data) {
		return false
	}
	if s.full() {
		a.missing--
	}
	return true
}

// close forgets the assembly.
func (m *assemblies) close(a *assembly) {
	delete(m.byKey, a.key)
	m.bytes -= a.cost
	from := sourceOf(a.key.from)
	if m.bySource[from] -= a.cost; m.bySource[from] == 0 {
		delete(m.bySource, from)
	}
}

// overdue returns the assemblies that waited too long.
func (m *assemblies) overdue(now time.Time) (late []*assembly) {
	for _, a := range m.byKey {
		if now.Sub(a.began) >= assemblyLife || now.Sub(a.touched) >= partLife {
			late = append(late, a)
		}
	}
	return late
}

// grow counts memory, if there is room for it.
func (m *assemblies) grow(a *assembly, bytes int) bool {
	from := sourceOf(a.key.from)
	if m.bytes+bytes > maxAssemblyBytes || m.bySource[from]+bytes > maxSourceBytes {
		return false
	}
	m.bytes += bytes
	m.bySource[from] += bytes
	a.cost += bytes
	return true
}

// values returns the values of a whole message.
func (a *assembly) values() [][]byte {
	values := make([][]byte, 0, len(a.slots))
	for i := range a.slots {
		// What was announced with an impossible length has no value.
		if value := a.slots[i].value; value != nil {
			values = append(values, value)
		}
	}
	return values
}

// sourceOf returns what memory is counted under. A host has all addresses of an
// IPv6 network of 64 bits to itself.
func sourceOf(from netip.AddrPort) netip.Addr {
	addr := from.Addr().WithZone("")
	if addr.Is4() {
		return addr
	}
	raw := addr.As16()
	clear(raw[8:])
	return netip.AddrFrom16(raw)
}

// slot is the place of a value.
type slot struct {
	length int // 0 for a value that did not come in parts
	value  []byte
	filled []span // in order; neither overlapping nor touching
}

type span struct{ start, end int }

// maxSpans bounds the gaps in a value. Parts that come in the worst order leave
// half as many as there are parts.
const maxSpans = 128

func (s *slot) full() bool {
	return s.length == 0 || len(s.filled) == 1 && s.filled[0] == span{0, s.length}
}

// fill returns false for a part that overlaps others or exceeds the value. One
// that was there already is passed over.
func (s *slot) fill(offset int, data []byte) bool {
	end := offset + len(data)
	if end > s.length || len(data) == 0 {
		return false
	}
	// The first span that does not end before the part.
	i, _ := slices.BinarySearchFunc(s.filled, offset, func(f span, offset int) int { return f.end - offset })
	if i < len(s.filled) && s.filled[i].end == offset {
		// It touches the part.
		if i+1 < len(s.filled) && s.filled[i+1].start < end {
			return false
		}
		s.filled[i].end = end
		if i+1 < len(s.filled) && s.filled[i+1].start == end {
			s.filled[i].end = s.filled[i+1].end
			s.filled = slices.Delete(s.filled, i+1, i+2)
		}
		copy(s.value[offset:], data)
		return true
	}
	switch {
	case i == len(s.filled) || s.filled[i].start > end:
		if len(s.filled) == maxSpans {
			return false
		}
		s.filled = slices.Insert(s.filled, i, span{offset, end})
	case s.filled[i].start == end:
		s.filled[i].start = offset
	default:
		return s.filled[i].start <= offset && end <= s.filled[i].end
	}
	copy(s.value[offset:], data)
	return true
}
