// SPDX-License-Identifier: GPL-3.0-or-later

package credential

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/stun/v2"
)

const (
	// minSecret is the shortest secret accepted, in bytes.
	minSecret = 16
	// usernameLen keeps 100 of the 256 bits: no two devices of a site meet.
	usernameLen = 20
	// maxCachedKeys bounds the memory that made-up user names can claim.
	maxCachedKeys = 4096
)

var (
	// ErrWeak is returned for a secret that is missing or too short.
	ErrWeak = errors.New("relay secret is missing or shorter than 16 bytes")
	// ErrNamesChanged is returned by Rotate, which must leave Names as they are.
	ErrNamesChanged = errors.New("relay secret of user names must not change: devices would lose their names")
)

// Secrets are what credentials are made from: at least 16 random bytes each.
type Secrets struct {
	// Names makes user names. It never changes, so that they stay.
	Names []byte
	// Current makes passwords. Installations begin with the same as Names.
	Current []byte
	// Previous made the passwords before the last rotation, which are accepted
	// until PreviousUntil; nil if there are none.
	Previous      []byte
	PreviousUntil time.Time
}

func (s Secrets) check() error {
	if len(s.Names) < minSecret || len(s.Current) < minSecret || s.Previous != nil && len(s.Previous) < minSecret {
		return ErrWeak
	}
	return nil
}

// generation is what stays the same between two rotations. Keys are kept with
// the secrets that they were made from, so none outlives its rotation.
type generation struct {
	realm   string
	secrets Secrets

	mu   sync.Mutex
	keys map[string][][]byte // of devices, by user name; guarded by mu
}

func newGeneration(realm string, s Secrets) *generation {
	s.Names, s.Current, s.Previous = slices.Clone(s.Names), slices.Clone(s.Current), slices.Clone(s.Previous)
	return &generation{realm: realm, secrets: s, keys: make(map[string][][]byte)}
}

func (g *generation) username(deviceID string) string {
	return derive(g.secrets.Names, "username|"+deviceID)[:usernameLen]
}

func (g *generation) password(username string) string {
	return password(g.secrets.Current, username)
}

// keysAt returns the message integrity keys of a well-formed user name.
func (g *generation) keysAt(now time.Time, username string) [][]byte {
	g.mu.Lock()
	keys, known := g.keys[username]
	g.mu.Unlock()
	if !known {
		keys = g.derive(username)
		g.remember(username, keys)
	}
	if len(keys) > 1 && !now.Before(g.secrets.PreviousUntil) {
		return keys[:1:1]
	}
	return keys
}

func (g *generation) derive(username string) [][]byte {
	keys := [][]byte{authKey(username, g.realm, g.password(username))}
	if g.secrets.Previous != nil {
		keys = append(keys, authKey(username, g.realm, password(g.secrets.Previous, username)))
	}
	return keys
}

func (g *generation) remember(username string, keys [][]byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.keys) >= maxCachedKeys {
		for other := range g.keys {
			delete(g.keys, other)
			break
		}
	}
	g.keys[username] = keys
}

// password derives from a secret. The number is the epoch of installations that
// knew no rotation; it stays, or their devices would lose their passwords.
func password(secret []byte, username string) string {
	return derive(secret, "1|"+username)
}

func derive(secret []byte, text string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)))
}

// authKey returns the key of the long-term credential mechanism with MD5
// (RFC 8489, section 9.2.2), the only one that Jami knows.
func authKey(username, realm, password string) []byte {
	return stun.NewLongTermIntegrity(username, realm, password)
}
