// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"testing"

	"github.com/pion/stun/v2"

	"jamibox/turn/message"
)

// FuzzAuthenticate sends what a stranger who knows a valid nonce may send; only
// a request that is signed may come through.
func FuzzAuthenticate(f *testing.F) {
	b := newBench()
	b.Limit(Limits{})
	// A key of its own, so that seeds stay good from one run to the next.
	b.nonces.macs = newMACs(make([]byte, nonceKeyLen))
	nonce := stun.NewNonce(b.nonces.issue())
	held := &Identity{Username: "alice", Key: keyOf("alice", "old")}

	f.Add(b.signed(f, "alice", "secret").Raw)
	f.Add(b.signed(f, "alice", "old").Raw)
	f.Add(b.signed(f, "alice", "wrong").Raw)
	f.Add(b.signed(f, "eve", "secret", stun.RawAttribute{Type: 0x0042}).Raw)
	f.Add(b.signed(f, "alice", "secret", stun.RawAttribute{Type: 0x0042}).Raw)
	f.Add(request(f).Raw)
	f.Add(request(f, nonce, stun.RawAttribute{Type: stun.AttrMessageIntegrity}).Raw)
	f.Add(request(f, stun.NewUsername("alice"), stun.NewRealm(realm), nonce, keyOf("alice", "secret"), stun.Fingerprint).Raw)

	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := message.Decode(raw)
		if err != nil {
			return
		}
		b.codes = nil
		id, refusal := b.Authenticate(m, source, held)
		if (id == nil) == (refusal == nil) {
			t.Fatalf("%v and %d bytes of refusal", id, len(refusal))
		}
		if id != nil {
			if id.Username != "alice" || !message.Signed(m, id.Key) {
				t.Fatalf("%q came through", id.Username)
			}
			return
		}
		if len(b.codes) != 1 {
			t.Fatalf("codes %v", b.codes)
		}
		if _, err := message.Decode(refusal); err != nil {
			t.Fatal(err)
		}
	})
}
