// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

const (
	rememberFor   = 5 * time.Minute
	maxRemembered = 10_000
)

// remembered knows for some minutes which passwords were right, so that a
// person's second device, or a client that retries, does not cost another
// argon2id hash. It keeps a MAC under a key that is never stored; the MAC
// covers the stored hash, so that a changed password is not right any more.
// Wrong passwords are never remembered. It is safe for concurrent use.
type remembered struct {
	key []byte
	now func() time.Time

	mu   sync.Mutex
	seen map[[sha256.Size]byte]time.Time // guarded by mu
}

func newRemembered() *remembered {
	key := make([]byte, sha256.Size)
	rand.Read(key)
	return &remembered{key: key, now: time.Now, seen: make(map[[sha256.Size]byte]time.Time)}
}

func (r *remembered) mac(phc, password string) (sum [sha256.Size]byte) {
	m := hmac.New(sha256.New, r.key)
	m.Write([]byte(phc))
	m.Write([]byte{0})
	m.Write([]byte(password))
	m.Sum(sum[:0])
	return sum
}

// knows tells whether password was right for phc within the last minutes.
func (r *remembered) knows(phc, password string) bool {
	sum := r.mac(phc, password)
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.seen[sum]
	return ok && r.now().Sub(at) < rememberFor
}

// note remembers that password is right for phc.
func (r *remembered) note(phc, password string) {
	sum := r.mac(phc, password)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) >= maxRemembered {
		r.makeRoom()
	}
	r.seen[sum] = r.now()
}

// makeRoom drops what is out of date and, if that is not enough, anything else,
// to three quarters; r.mu is held.
func (r *remembered) makeRoom() {
	for sum, at := range r.seen {
		if r.now().Sub(at) >= rememberFor {
			delete(r.seen, sum)
		}
	}
	for sum := range r.seen {
		if len(r.seen) <= maxRemembered*3/4 {
			return
		}
		delete(r.seen, sum)
	}
}
