// SPDX-License-Identifier: GPL-3.0-or-later

package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	mathrand "math/rand/v2"
	"net/netip"
	"time"
)

// Size is the length of a token in bytes.
const Size = sha256.Size

// A secret is in use for a random time between these; the tokens made with it
// are good for as long again.
const (
	minLife = 15 * time.Minute
	maxLife = 45 * time.Minute
)

// secret and an endpoint together fit in one block of SHA-256, which keeps a
// token cheap. All that is digested has one length, so that a plain digest
// behind a secret cannot be extended.
type secret [32]byte

// Issuer makes tokens and knows them again. It is not safe for concurrent use.
type Issuer struct {
	current, previous secret
	change            time.Time // when current becomes previous
}

// New returns an issuer with fresh secrets: no token made before is good.
func New(now time.Time) *Issuer {
	i := &Issuer{change: now.Add(randomLife())}
	rand.Read(i.current[:])
	rand.Read(i.previous[:])
	return i
}

// Token returns the token of the endpoint, whose address is not IPv4-mapped.
func (i *Issuer) Token(endpoint netip.AddrPort, now time.Time) [Size]byte {
	i.rotate(now)
	return i.current.token(endpoint)
}

// Valid reports whether the token was made for the endpoint, 15 to 90 minutes ago
// at most. It takes the same time for every token of the right length.
func (i *Issuer) Valid(token []byte, endpoint netip.AddrPort, now time.Time) bool {
	i.rotate(now)
	current, previous := i.current.token(endpoint), i.previous.token(endpoint)
	return subtle.ConstantTimeCompare(token, current[:])|subtle.ConstantTimeCompare(token, previous[:]) == 1
}

// rotate makes the changes of secrets that were due since it was last called.
func (i *Issuer) rotate(now time.Time) {
	for !now.Before(i.change) {
		i.previous = i.current
		rand.Read(i.current[:])
		i.change = i.change.Add(randomLife())
	}
}

func randomLife() time.Duration {
	return minLife + mathrand.N(maxLife-minLife)
}

func (s *secret) token(endpoint netip.AddrPort) [Size]byte {
	var block [len(secret{}) + 16 + 2]byte
	copy(block[:], s[:])
	addr := endpoint.Addr().As16()
	copy(block[len(s):], addr[:])
	binary.BigEndian.PutUint16(block[len(s)+len(addr):], endpoint.Port())
	return sha256.Sum256(block[:])
}
