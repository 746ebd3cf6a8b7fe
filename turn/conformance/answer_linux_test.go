// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pion/stun/v2"
)

// answer is what came back for a request.
type answer struct {
	*stun.Message // nil if nothing came
	err           error
	key           stun.MessageIntegrity // it must be signed with; nil if it need not be
}

// String says what is worth saying of an answer, "success" or "441", or how
// the connection ended instead. Challenges are followed by what they have to
// bring along.
func (a answer) String() string {
	if a.err != nil {
		return failure(a.err)
	}
	var says []string
	switch code := a.code(); {
	case a.Type.Class == stun.ClassSuccessResponse:
		says = append(says, "success")
	case a.Type.Class == stun.ClassIndication:
		says = append(says, "indication")
	case code == 0:
		says = append(says, "error without code")
	default:
		says = append(says, strconv.Itoa(int(code)))
	}
	for _, attribute := range []stun.AttrType{stun.AttrRealm, stun.AttrNonce, stun.AttrUnknownAttributes} {
		if a.Type.Class == stun.ClassErrorResponse && a.Contains(attribute) {
			says = append(says, attribute.String())
		}
	}
	challenges := a.code() == stun.CodeUnauthorized || a.code() == stun.CodeStaleNonce
	switch {
	case a.key == nil || challenges:
	case !a.Contains(stun.AttrMessageIntegrity):
		says = append(says, "unsigned")
	case a.key.Check(a.Message) != nil:
		says = append(says, "badly signed")
	}
	return strings.Join(says, " ")
}

func (a answer) hasFingerprint() bool {
	return a.Message != nil && stun.Fingerprint.Check(a.Message) == nil
}

// code returns the error code, 0 if there is none.
func (a answer) code() stun.ErrorCode {
	var code stun.ErrorCodeAttribute
	if a.Message == nil || code.GetFrom(a.Message) != nil {
		return 0
	}
	return code.Code
}

// text returns the value of an attribute, empty if there is none.
func (a answer) text(attribute stun.AttrType) string {
	if a.Message == nil {
		return ""
	}
	value, err := a.Get(attribute)
	if err != nil {
		return ""
	}
	return string(value)
}

// address returns the value of an XOR-...-ADDRESS, invalid if there is none.
func (a answer) address(attribute stun.AttrType) netip.AddrPort {
	var value stun.XORMappedAddress
	if a.Message == nil || value.GetFromAs(a.Message, attribute) != nil {
		return netip.AddrPort{}
	}
	addr, _ := netip.AddrFromSlice(value.IP)
	return netip.AddrPortFrom(addr.Unmap(), uint16(value.Port))
}

// lifetime returns LIFETIME, "no lifetime" if there is none.
func (a answer) lifetime() string {
	value := a.text(stun.AttrLifetime)
	if len(value) != 4 {
		return "no lifetime"
	}
	return (time.Duration(binary.BigEndian.Uint32([]byte(value))) * time.Second).String()
}

// connection returns CONNECTION-ID, 0 if there is none, which no relay gives.
func (a answer) connection() uint32 {
	value := a.text(stun.AttrConnectionID)
	if len(value) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32([]byte(value))
}

// seen joins observations in their order.
func seen(observations ...any) string {
	says := make([]string, len(observations))
	for i, observation := range observations {
		says[i] = fmt.Sprint(observation)
	}
	return strings.Join(says, ", ")
}
