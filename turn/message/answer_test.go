// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

// read decodes an answer by pion, the way clients do.
func read(t testing.TB, answer []byte) *stun.Message {
	m := &stun.Message{Raw: answer}
	require.NoError(t, m.Decode())
	require.Len(t, answer, headerLen+int(m.Length))
	return m
}

func errorOf(t testing.TB, m *stun.Message) stun.ErrorCodeAttribute {
	var code stun.ErrorCodeAttribute
	require.NoError(t, code.GetFrom(m))
	return code
}

func TestSuccess(t *testing.T) {
	key := stun.MessageIntegrity("key")
	relayed := netip.MustParseAddrPort("[2001:db8::9]:50000")
	mapped := netip.MustParseAddrPort("10.0.0.7:1234")
	m := decoded(t, stun.NewUsername("alice"), key, stun.Fingerprint)

	got := read(t, Success(m, key, RelayedAddress(relayed), LifetimeOf(10*time.Minute), MappedAddress(mapped)))
	require.Equal(t, stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse), got.Type)
	require.Equal(t, m.TransactionID, got.TransactionID)
	require.NoError(t, stun.Fingerprint.Check(got))
	require.NoError(t, key.Check(got))

	var addr stun.XORMappedAddress
	require.NoError(t, addr.GetFromAs(got, stun.AttrXORRelayedAddress))
	require.Equal(t, relayed.String(), addr.String())
	require.NoError(t, addr.GetFrom(got))
	require.Equal(t, mapped.String(), addr.String())
	lifetime, _, err := Lifetime(got)
	require.NoError(t, err)
	require.Equal(t, 10*time.Minute, lifetime)

	got = read(t, Success(decoded(t), nil))
	require.Empty(t, got.Attributes, "neither signed nor with a FINGERPRINT")
}

func TestFailure(t *testing.T) {
	key := stun.MessageIntegrity("key")
	for code, reason := range map[stun.ErrorCode]string{
		400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 420: "Unknown Attribute",
		437: "Allocation Mismatch", 438: "Stale Nonce", 440: "Address Family not Supported",
		441: "Wrong Credentials", 442: "Unsupported Transport Protocol", 443: "Peer Address Family Mismatch",
		446: "Connection Already Exists", 447: "Connection Timeout or Failure",
		486: "Allocation Quota Reached", 500: "Server Error", 508: "Insufficient Capacity", 599: "",
	} {
		got := read(t, Failure(decoded(t), key, code))
		require.Equal(t, stun.ClassErrorResponse, got.Type.Class)
		require.Equal(t, code, errorOf(t, got).Code)
		require.Equal(t, reason, string(errorOf(t, got).Reason))
		require.NoError(t, key.Check(got))

		got = read(t, Failure(decoded(t, stun.Fingerprint), nil, code))
		require.False(t, got.Contains(stun.AttrMessageIntegrity))
		require.NoError(t, stun.Fingerprint.Check(got))
	}
}

// TestUnknownAttributes pins the two bytes for each type.
func TestUnknownAttributes(t *testing.T) {
	got := read(t, Failure(decoded(t), nil, stun.CodeUnknownAttribute, UnknownAttributes([]stun.AttrType{0x0042, 0x7FFF, 0x001E})))
	value, err := got.Get(stun.AttrUnknownAttributes)
	require.NoError(t, err)
	require.Equal(t, []byte{0x00, 0x42, 0x7F, 0xFF, 0x00, 0x1E}, value)
}

// TestAnswerWithoutAddress covers attributes that cannot be set.
func TestAnswerWithoutAddress(t *testing.T) {
	key := stun.MessageIntegrity("key")
	m := decoded(t, key, stun.Fingerprint)
	for name, answer := range map[string][]byte{
		"success":              Success(m, key, LifetimeOf(1), RelayedAddress(netip.AddrPort{})),
		"failure":              Failure(m, key, stun.CodeForbidden, PeerAddress(netip.AddrPort{})),
		"fingerprint as given": Success(m, key, stun.Fingerprint),
	} {
		t.Run(name, func(t *testing.T) {
			got := read(t, answer)
			require.Equal(t, stun.ClassErrorResponse, got.Type.Class)
			require.Equal(t, stun.CodeServerError, errorOf(t, got).Code)
			require.False(t, got.Contains(stun.AttrLifetime))
			require.NoError(t, stun.Fingerprint.Check(got))
			require.NoError(t, key.Check(got))
		})
	}
}

func TestBinding(t *testing.T) {
	client := netip.MustParseAddrPort("[::ffff:10.0.0.7]:1234")
	m, err := Decode(request(t, stun.MethodBinding))
	require.NoError(t, err)
	answer := Binding(m, client)
	got := read(t, answer)
	require.Equal(t, stun.BindingSuccess, got.Type)
	var addr stun.XORMappedAddress
	require.NoError(t, addr.GetFrom(got))
	require.Equal(t, "10.0.0.7:1234", addr.String())
	require.Len(t, answer, 32, "bytes for a request of 20")

	m, err = Decode(request(t, stun.MethodBinding, unknownRequired, stun.Fingerprint))
	require.NoError(t, err)
	got = read(t, Binding(m, client))
	require.Equal(t, stun.BindingError, got.Type)
	require.Equal(t, stun.CodeUnknownAttribute, errorOf(t, got).Code)
	require.NoError(t, stun.Fingerprint.Check(got))
}

// TestConnectionAttempt builds the indication of RFC 6062, section 5.4.
func TestConnectionAttempt(t *testing.T) {
	peer := netip.MustParseAddrPort("10.0.0.8:4321")
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodConnectionAttempt, stun.ClassIndication),
		ConnectionIDOf(7), PeerAddress(peer))
	require.NoError(t, err)
	require.Equal(t, []byte{0x00, 0x1C}, m.Raw[:2])
	got, err := Decode(m.Raw)
	require.NoError(t, err)
	id, ok := ConnectionID(got)
	require.True(t, ok)
	require.Equal(t, uint32(7), id)
	peers, err := Peers(got)
	require.NoError(t, err)
	require.Equal(t, []netip.AddrPort{peer}, peers)
}
