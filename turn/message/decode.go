// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pion/stun/v2"
)

// ErrMalformed marks a message or an attribute that breaks the rules of its
// format.
var ErrMalformed = errors.New("malformed")

// Decode returns a copy of the STUN message that raw holds, no byte more or
// less. Attributes behind MESSAGE-INTEGRITY, which anybody may have added on the
// way, are not listed, FINGERPRINT excepted (RFC 8489, section 14.5); Raw keeps
// them, so MESSAGE-INTEGRITY is to be checked by Signed. A FINGERPRINT has been
// checked. Errors are ErrFrameLength and ErrMalformed.
func Decode(raw []byte) (*stun.Message, error) {
	if len(raw) < headerLen {
		return nil, fmt.Errorf("%w: %d bytes are fewer than a header", ErrFrameLength, len(raw))
	}
	if raw[0]>>6 != kindSTUN {
		return nil, fmt.Errorf("%w message: it does not start like STUN", ErrMalformed)
	}
	size, err := FrameSize([4]byte(raw))
	if err != nil {
		return nil, err
	}
	if size != len(raw) {
		return nil, fmt.Errorf("%w: %d bytes announced, %d present", ErrFrameLength, size, len(raw))
	}
	m := &stun.Message{Raw: slices.Clone(raw)}
	if err := m.Decode(); err != nil {
		return nil, fmt.Errorf("%w message: %w", ErrMalformed, err)
	}
	if err := checkTail(m); err != nil {
		return nil, err
	}
	return m, nil
}

// checkTail checks FINGERPRINT and unlists what lies behind MESSAGE-INTEGRITY.
func checkTail(m *stun.Message) error {
	last := len(m.Attributes) - 1
	fingerprint := indexOf(m, stun.AttrFingerprint)
	if fingerprint >= 0 {
		if fingerprint != last {
			return fmt.Errorf("%w message: FINGERPRINT is not the last attribute", ErrMalformed)
		}
		if err := stun.Fingerprint.Check(m); err != nil {
			return fmt.Errorf("%w message: %w", ErrMalformed, err)
		}
	}
	integrity := indexOf(m, stun.AttrMessageIntegrity)
	if integrity < 0 {
		return nil
	}
	behind := last + 1
	if fingerprint >= 0 {
		behind = last
	}
	m.Attributes = slices.Delete(m.Attributes, integrity+1, behind)
	return nil
}

// Signed reports whether the MESSAGE-INTEGRITY of m, which Decode returned, was
// made with key (RFC 8489, section 14.5). It compares in constant time.
func Signed(m *stun.Message, key []byte) bool {
	last := indexOf(m, stun.AttrMessageIntegrity)
	if last < 0 {
		return false
	}
	// What follows MESSAGE-INTEGRITY is not part of what was signed, nor of
	// the length in the header at that time. Only the list of attributes has
	// been cut, so those up to it tell where it ends.
	end := headerLen
	for _, a := range m.Attributes[:last+1] {
		end += attributeHead + padded(len(a.Value))
	}
	signed := stun.Message{
		Length:     uint32(end - headerLen),
		Attributes: m.Attributes[:last+1],
		Raw:        slices.Clone(m.Raw[:end]),
	}
	return stun.MessageIntegrity(key).Check(&signed) == nil
}

func indexOf(m *stun.Message, attr stun.AttrType) int {
	return slices.IndexFunc(m.Attributes, func(a stun.RawAttribute) bool { return a.Type == attr })
}
