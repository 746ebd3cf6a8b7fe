// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start is the time at which the rows of these tests begin to exist.
var start = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// open returns an empty database and where it lies.
func open(t testing.TB) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jamibox.db")
	s, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, path
}

// raw opens the file beside the store, as a fault or another program would.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func count(t testing.TB, path, table string) int {
	t.Helper()
	var n int
	require.NoError(t, raw(t, path).QueryRow("SELECT count(*) FROM "+table).Scan(&n))
	return n
}

// hexID returns digits that are the same for the same text.
func hexID(text string, digits int) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:digits]
}

func newUser(name string) (*User, Account) {
	return &User{
			AccountID: hexID(name, 40), Username: name, Folded: name, State: UserActive,
			SearchText: name, CreatedAt: start, ChangedAt: start,
		}, Account{
			SealedKey: []byte("sealed"), Certificate: []byte("der"), Serial: hexID(name, 32),
			NotAfter: start.AddDate(20, 0, 0),
		}
}

func addUser(t testing.TB, s *Store, name string) User {
	t.Helper()
	u, a := newUser(name)
	require.NoError(t, s.CreateUser(t.Context(), u, a, nil))
	return *u
}

// newDevice returns a device with a certificate of one year, issued at the time.
func newDevice(user User, id, alias string, issued time.Time) (Device, Certificate) {
	serial := hexID(fmt.Sprint(id, issued.UnixNano()), 32)
	return Device{
			UserID: user.ID, DeviceID: hexID(id, 64), ShortID: hexID(id, 40),
			Alias: alias, CreatedAt: issued, LastSeenAt: issued,
		}, Certificate{
			Serial: serial, Fingerprint: []byte(serial), DER: []byte("der"),
			NotAfter: issued.AddDate(1, 0, 0), IssuedAt: issued,
		}
}

func enrol(t testing.TB, s *Store, user User, id, alias string, issued time.Time) Credential {
	t.Helper()
	d, c := newDevice(user, id, alias, issued)
	_, err := s.EnrolDevice(t.Context(), d, c)
	require.NoError(t, err)
	credential, err := s.CredentialByFingerprint(t.Context(), c.Fingerprint)
	require.NoError(t, err)
	return credential
}
