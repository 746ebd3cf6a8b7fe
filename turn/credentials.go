// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
	"sync"

	pion "github.com/pion/turn/v3"
)

const (
	// credentialEpoch numbers the generation of passwords; another one
	// changes all of them.
	credentialEpoch = 1
	// usernameLen keeps 100 of the 256 bits: no two devices of a site meet.
	usernameLen = 20
	// maxCachedKeys bounds the memory that made-up user names can claim.
	maxCachedKeys = 4096
	// minMaster is the shortest master secret that Run accepts, in bytes.
	minMaster = 16
)

// Credentials derives the long-term credentials (RFC 8489, section 9.2) of
// devices from one master secret, and holds the set of devices that are
// refused. Any pair that checks was made with the master secret, so no list
// of devices is needed. Safe for concurrent use.
type Credentials struct {
	master []byte
	realm  string

	mu     sync.RWMutex
	denied map[string]struct{} // user names; guarded by mu
	keys   map[string][]byte   // by user name; guarded by mu
}

// NewCredentials derives from master, which should hold at least 16 random
// bytes, for the given realm, which must be the server's.
func NewCredentials(master []byte, realm string) *Credentials {
	return &Credentials{
		master: append([]byte(nil), master...),
		realm:  realm,
		denied: make(map[string]struct{}),
		keys:   make(map[string][]byte),
	}
}

// For returns the credentials of a device. They stay the same for ever: old
// clients fetch them once. The user name, which travels in clear, does not
// tell the device.
func (c *Credentials) For(deviceID string) (username, password string) {
	username = c.username(deviceID)
	return username, c.password(username)
}

// Deny refuses all requests of a device from now on.
func (c *Credentials) Deny(deviceID string) {
	username := c.username(deviceID)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.denied[username] = struct{}{}
}

// Allow takes back Deny.
func (c *Credentials) Allow(deviceID string) {
	username := c.username(deviceID)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.denied, username)
}

// SetDenied replaces the set of devices that are refused.
func (c *Credentials) SetDenied(deviceIDs []string) {
	denied := make(map[string]struct{}, len(deviceIDs))
	for _, id := range deviceIDs {
		denied[c.username(id)] = struct{}{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.denied = denied
}

// key returns the message integrity key of a user name, or false for one that
// For cannot have returned or that is denied.
func (c *Credentials) key(username string) ([]byte, bool) {
	if !isUsername(username) {
		return nil, false
	}
	c.mu.RLock()
	_, denied := c.denied[username]
	key, known := c.keys[username]
	c.mu.RUnlock()
	if denied || known {
		return key, !denied
	}

	key = pion.GenerateAuthKey(username, c.realm, c.password(username))
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) >= maxCachedKeys {
		clear(c.keys)
	}
	c.keys[username] = key
	return key, true
}

func (c *Credentials) username(deviceID string) string {
	return c.derive("username|" + deviceID)[:usernameLen]
}

func (c *Credentials) password(username string) string {
	return c.derive(strconv.Itoa(credentialEpoch) + "|" + username)
}

func (c *Credentials) derive(text string) string {
	mac := hmac.New(sha256.New, c.master)
	mac.Write([]byte(text))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)))
}

func isUsername(text string) bool {
	if len(text) != usernameLen {
		return false
	}
	for i := range len(text) {
		digit := text[i]
		if (digit < 'a' || digit > 'z') && (digit < '2' || digit > '7') {
			return false
		}
	}
	return true
}
