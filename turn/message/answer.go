// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"net/netip"

	"github.com/pion/stun/v2"
)

// Success returns the success response to the request m with the given
// attributes, signed with key unless that is nil, and with a FINGERPRINT if m
// has one. Attributes that cannot be set turn it into a failure of code 500.
func Success(m *stun.Message, key []byte, attrs ...stun.Setter) []byte {
	return answer(m, stun.ClassSuccessResponse, key, attrs...)
}

// Failure returns the error response to the request m: code with its reason
// phrase and the given attributes, signed with key unless that is nil, and with
// a FINGERPRINT if m has one. Attributes that cannot be set turn it into a
// failure of code 500.
func Failure(m *stun.Message, key []byte, code stun.ErrorCode, attrs ...stun.Setter) []byte {
	return answer(m, stun.ClassErrorResponse, key, append([]stun.Setter{errorCode(code)}, attrs...)...)
}

// Binding returns the unsigned answer to the Binding request m of client: its
// address, or a failure of code 420 (RFC 8489, section 6.3.1).
func Binding(m *stun.Message, client netip.AddrPort) []byte {
	if unknown := UnknownRequired(m); len(unknown) > 0 {
		return Failure(m, nil, stun.CodeUnknownAttribute, UnknownAttributes(unknown))
	}
	return Success(m, nil, MappedAddress(client))
}

func answer(m *stun.Message, class stun.MessageClass, key []byte, attrs ...stun.Setter) []byte {
	// Setting the transaction id first, which masks the addresses.
	out, err := stun.Build(append([]stun.Setter{m, stun.NewType(m.Type.Method, class)}, attrs...)...)
	if err != nil {
		return Failure(m, key, stun.CodeServerError)
	}
	if key != nil {
		err = stun.MessageIntegrity(key).AddTo(out)
	}
	if err == nil && m.Contains(stun.AttrFingerprint) {
		err = stun.Fingerprint.AddTo(out)
	}
	if err != nil {
		return Failure(m, key, stun.CodeServerError)
	}
	return out.Raw
}

// errorCode sets ERROR-CODE with the reason phrase of the RFCs, or none for a
// code that they do not name.
type errorCode stun.ErrorCode

// AddTo does not fail.
func (c errorCode) AddTo(m *stun.Message) error {
	code := stun.ErrorCode(c)
	if code.AddTo(m) == nil {
		return nil
	}
	return stun.ErrorCodeAttribute{Code: code}.AddTo(m)
}
