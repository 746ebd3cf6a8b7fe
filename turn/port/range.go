// SPDX-License-Identifier: GPL-3.0-or-later

package port

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var errRange = errors.New(`expected "first-last" with 1 <= first <= last <= 65535`)

// Range is a range of ports, both ends included. The zero value holds no port.
type Range struct{ first, last uint16 }

// ParseRange understands "first-last". Its error says what was expected.
func ParseRange(text string) (Range, error) {
	low, high, ok := strings.Cut(text, "-")
	if !ok {
		return Range{}, errRange
	}
	first, err := strconv.ParseUint(strings.TrimSpace(low), 10, 16)
	if err != nil {
		return Range{}, errRange
	}
	last, err := strconv.ParseUint(strings.TrimSpace(high), 10, 16)
	if err != nil || first == 0 || first > last {
		return Range{}, errRange
	}
	return Range{first: uint16(first), last: uint16(last)}, nil
}

// First returns the lowest port, 0 for the zero value.
func (r Range) First() uint16 { return r.first }

// Last returns the highest port, 0 for the zero value.
func (r Range) Last() uint16 { return r.last }

// Contains reports whether the port is one of the range. Port 0 never is.
func (r Range) Contains(port uint16) bool {
	return port != 0 && r.first <= port && port <= r.last
}

// Size returns how many ports the range holds.
func (r Range) Size() int {
	if r.first == 0 {
		return 0
	}
	return int(r.last) - int(r.first) + 1
}

// String returns what ParseRange understands.
func (r Range) String() string { return fmt.Sprintf("%d-%d", r.first, r.last) }
