// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// released makes a database as a version of the program left it whose last
// migration was the named one.
func released(t *testing.T, last string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jamibox.db")
	db := raw(t, path)
	_, err := db.Exec("CREATE TABLE `migrations` (`id` text,PRIMARY KEY (`id`))")
	require.NoError(t, err)
	for _, step := range steps {
		sql, err := os.ReadFile("migrations/" + step + ".sql")
		require.NoError(t, err)
		_, err = db.Exec(string(sql))
		require.NoError(t, err)
		_, err = db.Exec("INSERT INTO migrations (id) VALUES (?)", step)
		require.NoError(t, err)
		if step == last {
			return path
		}
	}
	t.Fatalf("there is no step %q", last)
	return ""
}

// A box with people on it gets the directories: everyone stays as before.
func TestMigrateReleased(t *testing.T) {
	path := released(t, "0001_initial")
	db := raw(t, path)
	for i, name := range []string{"alice", "bob"} {
		_, err := db.Exec(`INSERT INTO users (account_id, username, folded, state, password_hash, first_name, last_name, email, phone,
			organization, search_text, created_at, changed_at) VALUES (?, ?, ?, 'active', 'hash', 'A', 'B', 'c@d', '1', 'o', ?,
			'2026-08-01 12:00:00+00:00', '2026-08-01 12:00:00+00:00')`, hexID(name, 40), name, name, name)
		require.NoError(t, err)
		_, err = db.Exec("INSERT INTO accounts (user_id, sealed_key, certificate, serial, not_after) VALUES (?, 'k', 'c', ?, '2046-08-01 12:00:00+00:00')", i+1, hexID(name, 32))
		require.NoError(t, err)
		_, err = db.Exec("INSERT INTO pictures (user_id, data) VALUES (?, 'picture')", i+1)
		require.NoError(t, err)
	}
	_, err := db.Exec(`INSERT INTO devices (user_id, device_id, short_id, alias, user_agent, remote, created_at, last_seen_at, not_after,
		revocation_reason) VALUES (1, 'd', 's', 'laptop', '', '', '2026-08-01 12:00:00+00:00', '2026-08-01 12:00:00+00:00', '2027-08-01 12:00:00+00:00', 0)`)
	require.NoError(t, err)

	for range 2 { // the second time there is nothing to do
		s, err := Open(path)
		require.NoError(t, err)
		ctx := t.Context()
		alice, err := s.UserByName(ctx, "alice")
		require.NoError(t, err)
		require.Nil(t, alice.SourceID)
		require.True(t, alice.Served())
		require.Equal(t, start, alice.CreatedAt)
		picture, err := s.PictureOf(ctx, alice.ID)
		require.NoError(t, err)
		require.Equal(t, "picture", string(picture))
		devices, err := s.DevicesOf(ctx, alice.ID)
		require.NoError(t, err)
		require.Len(t, devices, 1)
		barred, err := s.BarredDevices(ctx)
		require.NoError(t, err)
		require.Empty(t, barred)
		rows, err := s.Sources(ctx)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, "local", rows[0].Name)
		require.True(t, rows[0].Enabled)
		require.False(t, rows[0].CreatedAt.IsZero())
		users, err := s.Users(ctx, UserQuery{Limit: 10, Unbarred: true})
		require.NoError(t, err)
		require.Len(t, users, 2)
		require.NoError(t, s.Close())
	}
	requireCurrent(t, path)
}

// A box with groups gets the policies: groups, members and settings stay.
func TestMigrateGroups(t *testing.T) {
	path := released(t, "0002_directories")
	db := raw(t, path)
	for _, sql := range []string{
		`INSERT INTO users (account_id, username, folded, state, password_hash, first_name, last_name, email, phone, organization, search_text,
			created_at, changed_at, source_id, external_id) VALUES ('` + hexID("dora", 40) + `', 'dora', 'dora', 'active', '', '', '', '', '', '', 'dora',
			'2026-08-01 12:00:00+00:00', '2026-08-01 12:00:00+00:00', 1, 'id of dora')`,
		`INSERT INTO groups (name, folded, description, may_enrol, device_limit, finds, shows, created_at, changed_at) VALUES
			('Staff', 'staff', 'text', 0, 3, '[2]', '["first_name"]', '2026-08-01 12:00:00+00:00', '2026-08-01 12:00:00+00:00'),
			('Corp', 'corp', '', 1, 0, '', '', '2026-08-01 12:00:00+00:00', '2026-08-01 12:00:00+00:00')`,
		`INSERT INTO group_members (group_id, user_id) VALUES (1, 1)`,
		`INSERT INTO group_mappings (group_id, source_id, group_key, display) VALUES (2, 1, 'key', 'there')`,
		`INSERT INTO entry_groups (source_id, external_id, group_key) VALUES (1, 'id of dora', 'key')`,
		`INSERT INTO settings (name, value, changed_at) VALUES ('client settings', '{"TURN.password":"x"}', '2026-08-01 12:00:00+00:00')`,
	} {
		_, err := db.Exec(sql)
		require.NoError(t, err)
	}
	s, err := Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	ctx := t.Context()
	groups, err := s.GroupsOf(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, []Group{
		{ID: 2, Name: "Corp", Folded: "corp", MayEnrol: true, CreatedAt: start, ChangedAt: start},
		{ID: 1, Name: "Staff", Folded: "staff", Description: "text", DeviceLimit: 3, Finds: "[2]", Shows: `["first_name"]`, CreatedAt: start, ChangedAt: start},
	}, groups)
	policies, err := s.PoliciesOf(ctx, 1)
	require.NoError(t, err)
	require.Empty(t, policies)
	settings, err := s.Setting(ctx, "client settings")
	require.NoError(t, err)
	require.Equal(t, `{"TURN.password":"x"}`, string(settings))
	requireCurrent(t, path)
}

// requireCurrent expects that an updated database is the same as a new one.
func requireCurrent(t *testing.T, path string) {
	t.Helper()
	_, fresh := open(t)
	schema := func(path string) (sql []string) {
		rows, err := raw(t, path).Query("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name")
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var text string
			require.NoError(t, rows.Scan(&text))
			sql = append(sql, text)
		}
		return sql
	}
	require.Equal(t, schema(fresh), schema(path))
}
