// SPDX-License-Identifier: GPL-3.0-or-later

package credential

import (
	"bytes"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Credentials are those of all devices of a site. Safe for concurrent use.
type Credentials struct {
	realm string
	now   func() time.Time

	mu           sync.RWMutex
	present      *generation         // guarded by mu
	denied       map[string]struct{} // user names; guarded by mu
	onDeny       func(string)        // may be nil; guarded by mu
	firstSession []netip.Prefix      // guarded by mu
}

// New returns the credentials that s makes for the server's realm, or ErrWeak.
func New(realm string, s Secrets) (*Credentials, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return &Credentials{
		realm:   realm,
		now:     time.Now,
		present: newGeneration(realm, s),
		denied:  make(map[string]struct{}),
	}, nil
}

// Realm returns the realm that the credentials are for.
func (c *Credentials) Realm() string { return c.realm }

// For returns the credentials of a device. They stay the same until a rotation:
// old clients fetch them once. The user name, which travels in clear, does not
// tell the device.
func (c *Credentials) For(deviceID string) (username, password string) {
	g := c.generation()
	username = g.username(deviceID)
	return username, g.password(username)
}

// Username returns the user name of a device, which stays the same for ever.
func (c *Credentials) Username(deviceID string) string {
	return c.generation().username(deviceID)
}

// Rotate makes passwords from other secrets from now on. It returns ErrWeak or,
// since user names must stay, ErrNamesChanged; then nothing has changed.
func (c *Credentials) Rotate(s Secrets) error {
	if err := s.check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !bytes.Equal(s.Names, c.present.secrets.Names) {
		return ErrNamesChanged
	}
	c.present = newGeneration(c.realm, s)
	return nil
}

// Keys returns the message integrity keys that a user may sign with, the
// present one first. It returns none for a user that is denied or that For
// cannot have named. The caller must not change what it gets.
func (c *Credentials) Keys(username string, source netip.Addr) [][]byte {
	if username == firstSessionUser {
		return c.firstSessionKeys(source)
	}
	if !isUsername(username) {
		return nil
	}
	c.mu.RLock()
	g := c.present
	_, denied := c.denied[username]
	c.mu.RUnlock()
	if denied {
		return nil
	}
	return g.keysAt(c.now(), username)
}

func (c *Credentials) generation() *generation {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.present
}

// isUsername reports whether For may have made the text.
func isUsername(text string) bool {
	if len(text) != usernameLen {
		return false
	}
	return !slices.ContainsFunc([]byte(text), func(digit byte) bool {
		return (digit < 'a' || digit > 'z') && (digit < '2' || digit > '7')
	})
}
