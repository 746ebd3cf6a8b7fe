// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/turn/message"
)

// TestAuthenticate covers what any request may meet before it is looked at.
func TestAuthenticate(t *testing.T) {
	b := newBench()
	nonce := stun.NewNonce(b.nonces.issue())
	user, ours, key := stun.NewUsername("alice"), stun.NewRealm(realm), keyOf("alice", "secret")
	unknown := stun.RawAttribute{Type: 0x0042}
	for name, c := range map[string]struct {
		attrs     []stun.Setter
		code      stun.ErrorCode // 0: authenticated
		challenge bool           // with REALM and NONCE
	}{
		"signed":                    {[]stun.Setter{user, ours, nonce, key}, 0, false},
		"signed with fingerprint":   {[]stun.Setter{user, ours, nonce, key, stun.Fingerprint}, 0, false},
		"signed, unknown behind":    {[]stun.Setter{user, ours, nonce, key, unknown}, 0, false},
		"error/nothing":             {nil, 401, true},
		"error/not signed":          {[]stun.Setter{user, ours, nonce}, 401, true},
		"error/not signed, unknown": {[]stun.Setter{unknown}, 401, true},
		"error/missing username":    {[]stun.Setter{ours, nonce, key}, 400, false},
		"error/missing realm":       {[]stun.Setter{user, nonce, key}, 400, false},
		"error/missing nonce":       {[]stun.Setter{user, ours, key}, 400, false},
		"error/username behind":     {[]stun.Setter{ours, nonce, key, user}, 400, false},
		"error/nonce made up":       {[]stun.Setter{user, ours, stun.NewNonce("AAAAAAAAAAAAAAAA"), key}, 438, true},
		"error/nonce empty":         {[]stun.Setter{user, ours, stun.NewNonce(""), key}, 438, true},
		"error/unknown user":        {[]stun.Setter{stun.NewUsername("eve"), ours, nonce, keyOf("eve", "secret")}, 401, true},
		"error/empty user":          {[]stun.Setter{stun.NewUsername(""), ours, nonce, keyOf("", "")}, 401, true},
		"error/other realm":         {[]stun.Setter{user, stun.NewRealm("ring"), nonce, key}, 401, true},
		"error/bad signature":       {[]stun.Setter{user, ours, nonce, keyOf("alice", "wrong")}, 401, true},
		"error/empty signature":     {[]stun.Setter{user, ours, nonce, stun.RawAttribute{Type: stun.AttrMessageIntegrity}}, 401, true},
		"error/zero signature":      {[]stun.Setter{user, ours, nonce, stun.RawAttribute{Type: stun.AttrMessageIntegrity, Value: make([]byte, 20)}}, 401, true},
		"error/unknown attribute":   {[]stun.Setter{unknown, user, ours, nonce, key}, 420, false},
		"error/sha256 and userhash": {[]stun.Setter{stun.RawAttribute{Type: stun.AttrUserhash, Value: make([]byte, 32)}, user, ours, nonce, key}, 420, false},
	} {
		t.Run(name, func(t *testing.T) {
			b.codes = nil
			m := request(t, c.attrs...)
			id, refusal := b.Authenticate(m, source, nil)
			if c.code == 0 {
				require.Nil(t, refusal)
				require.Equal(t, &Identity{Username: "alice", Key: key}, id)
				require.Empty(t, b.codes)
				return
			}
			require.Nil(t, id)
			got, code := answer(t, refusal)
			require.Equal(t, c.code, code)
			require.Equal(t, []stun.ErrorCode{c.code}, b.codes)
			require.Equal(t, m.TransactionID, got.TransactionID)
			require.Equal(t, c.challenge, got.Contains(stun.AttrRealm))
			require.Equal(t, c.challenge, got.Contains(stun.AttrNonce))
			require.Equal(t, c.code == 420, message.Signed(got, key), "signed")
			require.Equal(t, c.code == 420, got.Contains(stun.AttrMessageIntegrity))
			if c.challenge {
				var theirs stun.Realm
				var fresh stun.Nonce
				require.NoError(t, got.Parse(&theirs, &fresh))
				require.Equal(t, realm, theirs.String())
				require.True(t, b.nonces.valid(fresh))
			}
		})
	}
}

func TestUnknownAttributesAreNamed(t *testing.T) {
	b := newBench()
	_, refusal := b.Authenticate(b.signed(t, "alice", "secret", stun.RawAttribute{Type: 0x0042}, stun.RawAttribute{Type: 0x7FFF}), source, nil)
	got, code := answer(t, refusal)
	require.Equal(t, stun.CodeUnknownAttribute, code)
	named, err := got.Get(stun.AttrUnknownAttributes)
	require.NoError(t, err)
	require.Equal(t, []byte{0x00, 0x42, 0x7F, 0xFF}, named)
}

// TestChallengeIsShort states the amplification: a forged source receives at
// most 3.6 times what was sent in its name, coturn's being 3.8.
func TestChallengeIsShort(t *testing.T) {
	a := New("jamibox", &users{}, nil)
	m := request(t)
	require.Len(t, m.Raw, 20)
	_, refusal := a.Authenticate(m, source, nil)
	require.Len(t, refusal, 72)
}

// TestChallengeThenSigned goes the way of a client, whose data connection comes
// from another port, or address, with the nonce of the control connection.
func TestChallengeThenSigned(t *testing.T) {
	b := newBench()
	_, refusal := b.Authenticate(request(t), source, nil)
	got, _ := answer(t, refusal)
	var theirs stun.Realm
	var nonce stun.Nonce
	require.NoError(t, got.Parse(&theirs, &nonce))

	for _, from := range []string{"10.0.0.7", "10.0.0.8", "fd00::1"} {
		key := stun.NewLongTermIntegrity("alice", theirs.String(), "secret")
		id, refusal := b.Authenticate(request(t, stun.NewUsername("alice"), theirs, nonce, key), netip.MustParseAddr(from), nil)
		require.Nil(t, refusal)
		require.Equal(t, "alice", id.Username)
	}
}

func TestNonceExpires(t *testing.T) {
	b := newBench()
	m := b.signed(t, "alice", "secret")
	b.clock.pass(time.Hour - time.Second)
	id, _ := b.Authenticate(m, source, nil)
	require.NotNil(t, id)
	b.clock.pass(time.Second)
	id, refusal := b.Authenticate(m, source, id)
	require.Nil(t, id)
	_, code := answer(t, refusal)
	require.Equal(t, stun.CodeStaleNonce, code)
}

// TestHeld covers the key of a live allocation: good after a rotation, but not
// for a user who is refused, and for nobody else.
func TestHeld(t *testing.T) {
	held := &Identity{Username: "alice", Key: keyOf("alice", "old")}
	for name, c := range map[string]struct {
		username, password string
		held               *Identity
		refused            bool
		ok                 bool
	}{
		"old key, held":             {"alice", "old", held, false, true},
		"present key, held":         {"alice", "secret", held, false, true},
		"other user, held":          {"bob", "bob", held, false, true},
		"error/old key, none held":  {"alice", "old", nil, false, false},
		"error/old key, refused":    {"alice", "old", held, true, false},
		"error/present key refused": {"alice", "secret", held, true, false},
		"error/key of another":      {"bob", "old", &Identity{Username: "alice", Key: keyOf("bob", "old")}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.users.keys["bob"] = [][]byte{keyOf("bob", "bob")}
			if c.refused {
				b.users.refused = []string{"alice"}
			}
			id, refusal := b.Authenticate(b.signed(t, c.username, c.password), source, c.held)
			if !c.ok {
				require.Nil(t, id)
				_, code := answer(t, refusal)
				require.Equal(t, stun.CodeUnauthorized, code)
				return
			}
			require.Nil(t, refusal)
			require.Equal(t, &Identity{Username: c.username, Key: keyOf(c.username, c.password)}, id)
		})
	}
}

// TestPreviousKey covers the overlap of a rotation: answers are signed with the
// key that the client used.
func TestPreviousKey(t *testing.T) {
	b := newBench()
	b.users.keys["alice"] = [][]byte{keyOf("alice", "new"), keyOf("alice", "secret")}
	for _, password := range []string{"new", "secret"} {
		id, refusal := b.Authenticate(b.signed(t, "alice", password), source, nil)
		require.Nil(t, refusal)
		require.Equal(t, []byte(keyOf("alice", password)), id.Key)
		_, refusal = b.Authenticate(b.signed(t, "alice", password, stun.RawAttribute{Type: 0x0042}), source, nil)
		got, _ := answer(t, refusal)
		require.True(t, message.Signed(got, keyOf("alice", password)))
	}
}

// TestFailuresAreThrottled covers the silence after ten failures of a user from
// a source, which does not lock out who has the right key.
func TestFailuresAreThrottled(t *testing.T) {
	b := newBench()
	fail := func(username string, from netip.Addr) []byte {
		id, refusal := b.Authenticate(b.signed(t, username, "wrong"), from, nil)
		require.Nil(t, id)
		return refusal
	}
	for range 10 {
		require.NotNil(t, fail("alice", source))
	}
	recorded := len(b.codes)
	require.Nil(t, fail("alice", source))
	require.Nil(t, fail("alice", netip.MustParseAddr("::ffff:10.0.0.7")))
	require.Len(t, b.codes, recorded, "silence has no code")
	require.EqualValues(t, 12, b.Failures())
	require.NotNil(t, fail("bob", source))
	require.NotNil(t, fail("alice", netip.MustParseAddr("10.0.0.8")))
	id, _ := b.Authenticate(b.signed(t, "alice", "secret"), source, nil)
	require.NotNil(t, id)
	require.EqualValues(t, 14, b.Failures(), "a good key is none")

	b.clock.pass(time.Minute - time.Nanosecond)
	require.Nil(t, fail("alice", source))
	b.clock.pass(time.Nanosecond)
	require.NotNil(t, fail("alice", source))
}

func TestLimit(t *testing.T) {
	b := newBench()
	b.Limit(Limits{Unauthenticated: 1, Failures: 1, Sources: 1})
	require.True(t, b.AllowUnauthenticated(source))
	require.False(t, b.AllowUnauthenticated(source))
	_, refusal := b.Authenticate(b.signed(t, "eve", "wrong"), source, nil)
	require.NotNil(t, refusal)
	_, refusal = b.Authenticate(b.signed(t, "eve", "wrong"), source, nil)
	require.Nil(t, refusal)
}
