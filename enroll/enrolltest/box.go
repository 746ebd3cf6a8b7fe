// SPDX-License-Identifier: GPL-3.0-or-later

package enrolltest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/audit"
	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

// AccountKeyBits is the size of account keys in a Box: the smallest allowed.
const AccountKeyBits = 2048

// Box is what the services of package enroll stand on.
type Box struct {
	Store *store.Store
	// Path is the database file.
	Path string
	Seal *seal.Box
	// Org holds the organisation; nothing in a box of NewEmpty.
	Org    *organization.Holder
	Audit  *audit.Log
	Logger *slog.Logger
}

// New returns a box with an organisation; the test's end closes it.
func New(t testing.TB) *Box {
	t.Helper()
	b := NewEmpty(t)
	org, err := organization.Create(t.Context(), b.Store, b.Seal, Plan(), store.Administrator{
		Name: "admin", Folded: "admin", CreatedAt: time.Now().UTC(),
	})
	require.NoError(t, err)
	b.Org.Set(org)
	return b
}

// NewEmpty returns a box that is not set up.
func NewEmpty(t testing.TB) *Box {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jamibox.db")
	s, err := store.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	box, err := seal.New(bytes.Repeat([]byte{7}, seal.KeySize))
	require.NoError(t, err)
	logger := slog.New(slog.DiscardHandler)
	return &Box{
		Store: s, Path: path, Seal: box, Org: organization.NewHolder(), Audit: audit.New(s, logger), Logger: logger,
	}
}

// Plan returns what New sets up: an ECDSA CA and short account keys.
func Plan() organization.Plan {
	return organization.Plan{
		Settings:  organization.Settings{Name: "Example", PublicURL: "https://box.example:8443", AccountKeyBits: AccountKeyBits},
		CAKeyType: string(pki.ECDSAP256),
	}
}

// AddUser stores an active user whose Jami account has an id but no key, for
// tests in which nobody signs. edit, unless nil, changes the row before.
func (b *Box) AddUser(t testing.TB, name string, edit func(*store.User)) store.User {
	t.Helper()
	now := time.Now().UTC()
	u := store.User{
		AccountID: AccountID(name), Username: name, Folded: name, State: store.UserActive, SearchText: name,
		CreatedAt: now, ChangedAt: now,
	}
	if edit != nil {
		edit(&u)
	}
	require.NoError(t, b.Store.CreateUser(t.Context(), &u, store.Account{
		SealedKey: []byte{0}, Certificate: []byte{0}, Serial: AccountID("serial of " + name), NotAfter: now.AddDate(20, 0, 0),
	}, nil))
	return u
}

// AccountID returns 40 hex digits, the same for the same name.
func AccountID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:20])
}
