// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/audit"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/pki"
	"jamibox/enroll/store"
)

const password = "correct horse battery"

// testKeys are made once for all tests; a user of each test takes one.
var testKeys = sync.OnceValue(func() [][]byte {
	ders := make([][]byte, 3)
	for i := range ders {
		key, err := rsa.GenerateKey(rand.Reader, enrolltest.AccountKeyBits)
		if err != nil {
			panic(err)
		}
		if ders[i], err = pki.MarshalPrivateKey(key); err != nil {
			panic(err)
		}
	}
	return ders
})

// bar remembers what the relay was told.
type bar struct {
	mu     sync.Mutex
	denied map[string]bool
	// onAllow, unless nil, is called before a device is allowed.
	onAllow func(deviceID string)
}

func (b *bar) Deny(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.denied[id] = true
}

func (b *bar) Allow(id string) {
	if b.onAllow != nil {
		b.onAllow(id)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.denied[id] = false
}

type fixture struct {
	*enrolltest.Box
	*Service
	pool *KeyPool
	bar  *bar
}

// newFixture returns a service whose key pool holds a few keys.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := newServiceOn(enrolltest.New(t))
	for _, der := range testKeys() {
		f.addKey(t, der)
	}
	return f
}

func newServiceOn(b *enrolltest.Box) *fixture {
	f := &fixture{Box: b, bar: &bar{denied: make(map[string]bool)}}
	f.pool = NewKeyPool(b.Store, b.Seal, b.Org, b.Logger)
	f.Service = New(b.Store, b.Seal, b.Org, f.pool, b.Audit, f.bar, b.Logger)
	return f
}

func (f *fixture) addKey(t testing.TB, der []byte) {
	t.Helper()
	require.NoError(t, f.Box.Store.AddAccountKey(t.Context(), store.AccountKey{
		Bits: enrolltest.AccountKeyBits, SealedKey: f.Seal.Seal(der, poolContext),
	}))
}

func (f *fixture) create(t testing.TB, name string) store.User {
	t.Helper()
	u, err := f.Create(t.Context(), NewUser{Username: name, Password: password})
	require.NoError(t, err)
	return u
}

// enrol stores a device of the user without certificates to speak of.
func (f *fixture) enrol(t testing.TB, user store.User, name string) store.Device {
	t.Helper()
	now := time.Now().UTC()
	sum := sha256.Sum256([]byte(name))
	d, err := f.Box.Store.EnrolDevice(t.Context(), store.Device{
		UserID: user.ID, DeviceID: name, ShortID: name, Alias: name, CreatedAt: now, LastSeenAt: now,
	}, store.Certificate{Serial: name, Fingerprint: sum[:], DER: []byte{0}, NotAfter: now.AddDate(1, 0, 0), IssuedAt: now})
	require.NoError(t, err)
	return d
}

func (f *fixture) actions(t testing.TB) []string {
	t.Helper()
	entries, err := f.Box.Store.Audit(t.Context(), 100)
	require.NoError(t, err)
	actions := make([]string, len(entries))
	for i, e := range entries {
		actions[i] = e.Action
	}
	return actions
}

var anna = audit.Actor{Name: "admin:anna", Remote: "10.0.0.9"}
