// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"bytes"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v2"

	"jamibox/turn/message"
)

// Keys knows the users. Safe for concurrent use.
type Keys interface {
	// Keys returns the MESSAGE-INTEGRITY keys that a user may sign with when
	// coming from source, the present one first, or none for an unknown or
	// refused user.
	Keys(username string, source netip.Addr) [][]byte
	// Refused reports whether a user that was known is refused by now, so that
	// not even the key of a live allocation counts.
	Refused(username string) bool
}

// Identity is a user and the key that proved it.
type Identity struct {
	Username string
	Key      []byte
}

// Authenticator authenticates the requests of one realm. Safe for concurrent
// use.
type Authenticator struct {
	realm    string
	keys     Keys
	record   func(code stun.ErrorCode)
	nonces   *nonces
	throttle *throttle
	failures atomic.Uint64
}

// New returns an Authenticator with DefaultLimits. record, which may be nil, is
// told the code of every refusal that is to be sent, possibly by several
// goroutines at once.
func New(realm string, keys Keys, record func(code stun.ErrorCode)) *Authenticator {
	return newAuthenticator(realm, keys, record, time.Now)
}

func newAuthenticator(realm string, keys Keys, record func(stun.ErrorCode), now func() time.Time) *Authenticator {
	if record == nil {
		record = func(stun.ErrorCode) {}
	}
	return &Authenticator{
		realm:    realm,
		keys:     keys,
		record:   record,
		nonces:   newNonces(now),
		throttle: newThrottle(DefaultLimits(), now),
	}
}

// Limit replaces the limits. It must be called before the first request.
func (a *Authenticator) Limit(limits Limits) {
	a.throttle = newThrottle(limits, a.nonces.now)
}

// Failures returns how many requests were signed by an unknown or refused user
// or with a wrong key or realm, answered or not.
func (a *Authenticator) Failures() uint64 {
	return a.failures.Load()
}

// AllowUnauthenticated reports whether a request without MESSAGE-INTEGRITY,
// Binding included, may be answered over UDP, where the source may be forged and
// the answer is longer than the request. The caller asks once for each and stays
// silent otherwise; Authenticate, which does not know the transport, does not
// ask.
func (a *Authenticator) AllowUnauthenticated(source netip.Addr) bool {
	return a.throttle.allowUnauthenticated(source)
}

// Authenticate returns who signed the request m, which message.Decode returned,
// or the complete refusal to send; neither means that the request is to be left
// unanswered, because too many of its user failed from its source. held is the
// identity that opened the allocation of the request's 5-tuple, nil if there is
// none: its key stays good after a rotation. That the user is the allocation's
// is left to the caller.
func (a *Authenticator) Authenticate(m *stun.Message, source netip.Addr, held *Identity) (id *Identity, refusal []byte) {
	if !m.Contains(stun.AttrMessageIntegrity) {
		return nil, a.challenge(m, stun.CodeUnauthorized)
	}
	user, hasUser := m.Attributes.Get(stun.AttrUsername)
	realm, hasRealm := m.Attributes.Get(stun.AttrRealm)
	nonce, hasNonce := m.Attributes.Get(stun.AttrNonce)
	if !hasUser || !hasRealm || !hasNonce {
		return nil, a.refuse(m, nil, stun.CodeBadRequest)
	}
	if !a.nonces.valid(nonce.Value) {
		return nil, a.challenge(m, stun.CodeStaleNonce)
	}
	username := string(user.Value)
	if bytes.Equal(realm.Value, []byte(a.realm)) {
		id = a.identify(m, username, source, held)
	}
	if id == nil {
		a.failures.Add(1)
		// Only failures are throttled, never a good key: the user name travels
		// in clear and a source can be forged, so anybody could lock a device
		// out. Its key is too long to be guessed.
		if !a.throttle.allowFailure(source, username) {
			return nil, nil
		}
		return nil, a.challenge(m, stun.CodeUnauthorized)
	}
	if unknown := message.UnknownRequired(m); len(unknown) > 0 {
		return nil, a.refuse(m, id.Key, stun.CodeUnknownAttribute, message.UnknownAttributes(unknown))
	}
	return id, nil
}

// identify returns the identity whose key signed m, or nil.
func (a *Authenticator) identify(m *stun.Message, username string, source netip.Addr, held *Identity) *Identity {
	if held != nil && held.Username == username && !a.keys.Refused(username) && message.Signed(m, held.Key) {
		return held
	}
	for _, key := range a.keys.Keys(username, source) {
		if message.Signed(m, key) {
			return &Identity{Username: username, Key: key}
		}
	}
	return nil
}

// challenge refuses with what the client needs to sign its next request.
func (a *Authenticator) challenge(m *stun.Message, code stun.ErrorCode) []byte {
	return a.refuse(m, nil, code, stun.NewRealm(a.realm), stun.NewNonce(a.nonces.issue()))
}

func (a *Authenticator) refuse(m *stun.Message, key []byte, code stun.ErrorCode, attrs ...stun.Setter) []byte {
	a.record(code)
	return message.Failure(m, key, code, attrs...)
}
