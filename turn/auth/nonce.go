// SPDX-License-Identifier: GPL-3.0-or-later

package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"sync"
	"time"
)

const (
	// nonceLife is the longest that RFC 8656, section 5, recommends.
	nonceLife = time.Hour

	nonceKeyLen  = 32
	nonceTimeLen = 4
	// nonceMACLen is short: a nonce is sent to strangers who may have forged
	// their address, and making one up gains nothing without a key.
	nonceMACLen = 8
)

// nonces issues and checks nonces without remembering them: the second of
// their issue and a MAC of it. They are good for every client address and
// connection, since a ConnectionBind is signed with the nonce of another
// connection. Safe for concurrent use.
type nonces struct {
	macs    *sync.Pool // of hash.Hash with the key
	now     func() time.Time
	started time.Time
}

func newNonces(now func() time.Time) *nonces {
	key := make([]byte, nonceKeyLen)
	rand.Read(key) // never fails
	return &nonces{macs: newMACs(key), now: now, started: now()}
}

func newMACs(key []byte) *sync.Pool {
	return &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}
}

// issue returns a nonce that is valid for nonceLife from now on.
func (n *nonces) issue() string {
	raw := binary.BigEndian.AppendUint32(nil, n.second())
	return base64.RawURLEncoding.EncodeToString(append(raw, n.mac(raw)...))
}

func (n *nonces) valid(nonce []byte) bool {
	raw := make([]byte, nonceTimeLen+nonceMACLen)
	if len(nonce) != base64.RawURLEncoding.EncodedLen(len(raw)) {
		return false
	}
	// Fewer bytes without an error: the decoder passes over line ends.
	if n, err := base64.RawURLEncoding.Decode(raw, nonce); err != nil || n != len(raw) {
		return false
	}
	if !hmac.Equal(raw[nonceTimeLen:], n.mac(raw[:nonceTimeLen])) {
		return false
	}
	age := time.Duration(n.second()-binary.BigEndian.Uint32(raw)) * time.Second
	return age < nonceLife
}

// second counts from the start by the monotonic clock, so that a nonce lives
// through a correction of the time of day.
func (n *nonces) second() uint32 {
	return uint32(n.now().Sub(n.started) / time.Second)
}

func (n *nonces) mac(issued []byte) []byte {
	mac := n.macs.Get().(hash.Hash)
	defer n.macs.Put(mac)
	mac.Reset()
	mac.Write(issued)
	return mac.Sum(nil)[:nonceMACLen]
}
