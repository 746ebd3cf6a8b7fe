// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
)

// FuzzDecode hands whatever decodes to every reader and to the answers.
func FuzzDecode(f *testing.F) {
	key := stun.MessageIntegrity("key")
	client := netip.MustParseAddrPort("10.0.0.7:1234")
	f.Add(fromHex(f, sampleShortTerm))
	f.Add(fromHex(f, sampleLongTerm))
	f.Add(request(f, stun.MethodAllocate, wordOf(stun.AttrRequestedTransport, 6<<24), wordOf(stun.AttrRequestedAddressFamily, 2<<24),
		LifetimeOf(time.Hour), stun.NewUsername("alice"), stun.NewRealm("r"), stun.NewNonce("n"), key, stun.Fingerprint))
	f.Add(request(f, stun.MethodCreatePermission, PeerAddress(client), PeerAddress(netip.MustParseAddrPort("[fd00::1]:1")), key, unknownRequired))
	f.Add(request(f, stun.MethodConnectionBind, ConnectionIDOf(1), key))
	f.Add(request(f, stun.MethodChannelBind, wordOf(stun.AttrChannelNumber, 0x4000<<16), PeerAddress(client)))
	f.Add(request(f, stun.MethodBinding, unknownRequired, stun.Fingerprint))
	f.Add(request(f, stun.MethodAllocate, raw(stun.AttrXORPeerAddress, 0), raw(stun.AttrMessageIntegrity), raw(stun.AttrFingerprint)))
	f.Add(withLength(make([]byte, headerLen), 0xFFEC))
	f.Add([]byte{0x40, 0x00, 0xFF, 0xFC})

	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		m, err := Decode(in)
		if !bytes.Equal(before, in) {
			t.Fatal("input changed")
		}
		if (m == nil) == (err == nil) {
			t.Fatalf("%v with %v", m, err)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(m.Raw, in) {
			t.Fatal("Raw is not the input")
		}
		readAll(t, m)
		// pion's own check, before anything is unlisted, is the second opinion.
		whole := &stun.Message{Raw: bytes.Clone(in)}
		if err := whole.Decode(); err != nil {
			t.Fatal(err)
		}
		if want := signedByPion(whole, key); Signed(m, key) != want {
			t.Fatalf("signed: pion says %v", want)
		}
		for _, out := range [][]byte{
			Success(m, key, MappedAddress(client), RelayedAddress(client)),
			Failure(m, key, stun.CodeUnknownAttribute, UnknownAttributes(UnknownRequired(m))),
			Binding(m, client),
		} {
			back, err := Decode(out)
			if err != nil {
				t.Fatalf("answer: %v", err)
			}
			if back.TransactionID != m.TransactionID || back.Contains(stun.AttrFingerprint) != m.Contains(stun.AttrFingerprint) {
				t.Fatal("answer does not fit the request")
			}
			if back.Contains(stun.AttrMessageIntegrity) && !Signed(back, key) {
				t.Fatal("answer is not signed right")
			}
		}
	})
}

func readAll(t *testing.T, m *stun.Message) {
	if _, ok, err := RequestedTransport(m); err != nil && !ok {
		t.Fatal("malformed, but missing")
	}
	if family, ok, err := RequestedFamily(m); ok && err == nil && family != IPv4 && family != IPv6 {
		t.Fatalf("family %v", family)
	}
	if d, _, err := Lifetime(m); err == nil && d < 0 {
		t.Fatalf("lifetime %v", d)
	}
	_, _, _ = ChannelNumber(m)
	_, _ = ConnectionID(m)
	peers, err := Peers(m)
	if len(peers) > MaxFrame/12 || (err != nil && peers != nil) {
		t.Fatalf("%d peers with %v", len(peers), err)
	}
	for _, peer := range peers {
		if !peer.Addr().IsValid() || peer.Addr().Is4In6() {
			t.Fatalf("peer %v", peer)
		}
	}
}

// signedByPion asks pion, which must be kept from a MESSAGE-INTEGRITY of
// another size than 20.
func signedByPion(m *stun.Message, key stun.MessageIntegrity) bool {
	a, ok := m.Attributes.Get(stun.AttrMessageIntegrity)
	return ok && len(a.Value) == 20 && key.Check(m) == nil
}
