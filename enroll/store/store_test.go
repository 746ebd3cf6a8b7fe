// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write schema.sql anew")

func TestOpen(t *testing.T) {
	for _, name := range []string{"plain.db", "with space.db", "100%25 #1?.db", "é.db"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			s, err := Open(path)
			require.NoError(t, err)
			require.NoError(t, s.SetSetting(t.Context(), "a", []byte("1")))
			require.NoError(t, s.Close())
			require.FileExists(t, path)

			s, err = Open(path)
			require.NoError(t, err)
			defer func() { require.NoError(t, s.Close()) }()
			value, err := s.Setting(t.Context(), "a")
			require.NoError(t, err)
			require.Equal(t, []byte("1"), value)
			require.NoError(t, s.Ping(t.Context()))
		})
	}
}

func TestOpenError(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, path string)
		message string
	}{
		"folder is missing": {func(t *testing.T, path string) { require.NoError(t, os.Remove(filepath.Dir(path))) }, "unable to open database file"},
		"not a database": {func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("this is a letter\n", 100)), 0o600))
		}, "file is not a database"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jamibox.db")
			c.prepare(t, path)
			_, err := Open(path)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, c.message)
		})
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	s, path := open(t)
	_, err := raw(t, path).Exec("INSERT INTO migrations (id) VALUES ('9999_from_the_future')")
	require.NoError(t, err)
	_, err = Open(path)
	require.ErrorIs(t, err, ErrNewer)
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "newer version of jamibox")
	require.NoError(t, s.Ping(t.Context()), "the running one goes on")
}

func TestSchema(t *testing.T) {
	_, path := open(t)
	rows, err := raw(t, path).Query("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name")
	require.NoError(t, err)
	defer rows.Close()
	schema := "-- SPDX-License-Identifier: GPL-3.0-or-later\n-- The schema after all migrations; go test ./enroll/store -update writes it anew.\n"
	for rows.Next() {
		var sql string
		require.NoError(t, rows.Scan(&sql))
		schema += "\n" + sql + ";\n"
	}
	require.NoError(t, rows.Err())
	if *update {
		require.NoError(t, os.WriteFile("schema.sql", []byte(schema), 0o644))
	}
	want, err := os.ReadFile("schema.sql")
	require.NoError(t, err)
	require.Equal(t, string(want), schema)
}

func TestReadersCannotWrite(t *testing.T) {
	s, path := open(t)
	require.ErrorContains(t, putSetting(s.read, "a", []byte("1")), "readonly")
	require.Zero(t, count(t, path, "settings"))
}

func TestPragmas(t *testing.T) {
	s, _ := open(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		require.NoError(t, s.write.Raw("PRAGMA "+pragma).Scan(&got).Error)
		require.Equal(t, want, got, pragma)
	}
}

func TestErrors(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	alice := addUser(t, s, "alice")

	token := Token{TokenHash: []byte("h"), UserID: alice.ID, Scope: "USER", ExpiresAt: start}
	require.NoError(t, s.AddToken(ctx, token))
	for name, err := range map[string]error{
		"exists/primary key": s.AddToken(ctx, token),
		"exists/unique":      func() error { u, a := newUser("alice"); return s.CreateUser(ctx, u, a, nil) }(),
		"not found/one":      func() error { _, err := s.Setting(ctx, "nothing"); return err }(),
		"not found/update":   s.RenameDevice(ctx, 77, "x"),
		"not found/tx":       func() error { _, err := s.TakeAccountKey(ctx, 4096); return err }(),
	} {
		if strings.HasPrefix(name, "exists") {
			require.ErrorIs(t, err, ErrExists, name)
		} else {
			require.ErrorIs(t, err, ErrNotFound, name)
		}
	}
	err := s.AddToken(ctx, Token{TokenHash: []byte("x"), UserID: 99, ExpiresAt: start})
	require.Error(t, err, "foreign key")
	require.NotErrorIs(t, err, ErrExists)
}

// The driver's own form would compare the wall clocks as text.
func TestTimesAcrossZones(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	alice := addUser(t, s, "alice")
	// One instant in three zones, then one second later.
	zones := []*time.Location{time.UTC, time.FixedZone("west", -11*3600), time.FixedZone("east", 13*3600)}
	for i, z := range zones {
		require.NoError(t, s.AddToken(ctx, Token{TokenHash: []byte{byte(i)}, UserID: alice.ID, ExpiresAt: start.In(z)}))
		got, err := s.Token(ctx, []byte{byte(i)})
		require.NoError(t, err)
		require.True(t, start.Equal(got.ExpiresAt), "%s", got.ExpiresAt)
		require.Equal(t, time.UTC, got.ExpiresAt.Location())
	}
	for _, z := range zones {
		require.NoError(t, s.DeleteExpiredTokens(ctx, start.In(z)))
		require.Equal(t, len(zones), count(t, path, "tokens"))
	}
	require.NoError(t, s.DeleteExpiredTokens(ctx, start.Add(time.Second).In(zones[1])))
	require.Zero(t, count(t, path, "tokens"))

	// Fractions of a second are kept and compared as well.
	c := enrol(t, s, alice, "laptop", "laptop", start.Add(1500*time.Microsecond).In(zones[2]))
	require.True(t, start.Add(1500*time.Microsecond).Equal(c.Certificate.IssuedAt))
}
