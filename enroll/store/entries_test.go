// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func addDirectory(t testing.TB, s *Store, name string) Source {
	t.Helper()
	src := Source{Name: name, Folded: name, Kind: "ldap", Enabled: true, Config: "{}", CreatedAt: start, ChangedAt: start}
	require.NoError(t, s.AddSource(t.Context(), &src))
	return src
}

func entryOf(src Source, id string) DirectoryEntry {
	return DirectoryEntry{SourceID: src.ID, ExternalID: id, Username: id, Folded: id, State: "active", Digest: []byte(id), SeenAt: start}
}

// userOf adds a user of a source.
func userOf(t testing.TB, s *Store, src Source, id string) User {
	t.Helper()
	u, a := newUser("user-" + id)
	u.SourceID, u.ExternalID = &src.ID, id
	require.NoError(t, s.CreateUser(t.Context(), u, a, nil))
	return *u
}

func TestEntries(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	src, other := addDirectory(t, s, "a"), addDirectory(t, s, "b")
	alice := userOf(t, s, src, "alice")
	var entries []DirectoryEntry
	for i := range 450 {
		entries = append(entries, entryOf(src, fmt.Sprint("p", i)))
	}
	require.NoError(t, s.SaveEntries(ctx, append(entries, entryOf(src, "alice"), entryOf(other, "alice"))))
	require.NoError(t, s.SaveEntries(ctx, nil))
	require.NoError(t, s.LinkEntries(ctx, src.ID))

	changed := entryOf(src, "alice")
	changed.DN, changed.Digest, changed.Problem = "cn=alice", []byte("new"), "taken"
	require.NoError(t, s.SaveEntries(ctx, []DirectoryEntry{changed}))
	e, err := s.EntryBySource(ctx, src.ID, "alice")
	require.NoError(t, err)
	require.Equal(t, []any{"cn=alice", []byte("new"), "taken", &alice.ID}, []any{e.DN, e.Digest, e.Problem, e.UserID},
		"known by source and id, and the link to the user stays")
	elsewhere, err := s.EntryBySource(ctx, other.ID, "alice")
	require.NoError(t, err)
	require.Nil(t, elsewhere.UserID)

	marks, err := s.EntryMarks(ctx, src.ID, []string{"alice", "p7", "nobody"})
	require.NoError(t, err)
	require.Len(t, marks, 2)
	require.Equal(t, []byte("p7"), marks["p7"].Digest)

	seen := 0
	for row := int64(0); ; {
		page, err := s.EntriesAfter(ctx, src.ID, row, 100)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		seen += len(page)
		row = page[len(page)-1].ID
	}
	require.Equal(t, 451, seen)
	people, without, err := s.CountEntries(ctx, src.ID)
	require.NoError(t, err)
	require.Equal(t, []int{451, 450}, []int{people, without})

	later := start.Add(time.Hour)
	require.NoError(t, s.MissEntries(ctx, []int64{e.ID, marks["p7"].ID}, later))
	require.NoError(t, s.MissEntries(ctx, []int64{e.ID}, later.Add(time.Hour)))
	e, err = s.EntryBySource(ctx, src.ID, "alice")
	require.NoError(t, err)
	require.Equal(t, later, *e.MissingSince, "the first time is kept")
	_, err = s.EntryBySource(ctx, src.ID, "p7")
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, s.SaveEntries(ctx, []DirectoryEntry{changed}))
	e, err = s.EntryBySource(ctx, src.ID, "alice")
	require.NoError(t, err)
	require.Nil(t, e.MissingSince, "who is back is not missing")

	require.NoError(t, s.RemoveSource(ctx, src.ID))
	people, _, err = s.CountEntries(ctx, src.ID)
	require.NoError(t, err)
	require.Zero(t, people)
}

func TestEntriesWithoutAccount(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	src := addDirectory(t, s, "a")
	disabled := entryOf(src, "disabled")
	disabled.State = "disabled"
	problem := entryOf(src, "problem")
	require.NoError(t, s.SaveEntries(ctx, []DirectoryEntry{entryOf(src, "a"), disabled, problem, entryOf(src, "b"), entryOf(src, "c")}))
	marks, err := s.EntryMarks(ctx, src.ID, []string{"problem", "c"})
	require.NoError(t, err)
	require.NoError(t, s.SetEntryProblem(ctx, marks["problem"].ID, "taken"))
	require.NoError(t, s.LinkEntry(ctx, marks["c"].ID, userOf(t, s, src, "c").ID))
	found, err := s.EntriesWithoutAccount(ctx, src.ID, []string{"disabled"}, 0, 10)
	require.NoError(t, err)
	require.Len(t, found, 2)
	found, err = s.EntriesWithoutAccount(ctx, src.ID, []string{"disabled"}, found[0].ID, 10)
	require.NoError(t, err)
	require.Equal(t, "b", found[0].ExternalID)
}

func TestEntryGroups(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	src := addDirectory(t, s, "a")
	require.NoError(t, s.ChangeDirectoryGroups(ctx, src.ID, []DirectoryGroup{
		{SourceID: src.ID, GroupKey: "k1", DN: "cn=1", Name: "one"}, {SourceID: src.ID, GroupKey: "k2", DN: "cn=2", Name: "two"},
	}, nil))
	require.NoError(t, s.ChangeDirectoryGroups(ctx, src.ID, []DirectoryGroup{{SourceID: src.ID, GroupKey: "k1", DN: "cn=1", Name: "uno"}}, []string{"k2"}))
	groups, err := s.DirectoryGroups(ctx, src.ID)
	require.NoError(t, err)
	require.Equal(t, []DirectoryGroup{{SourceID: src.ID, GroupKey: "k1", DN: "cn=1", Name: "uno"}}, groups)

	g := Group{Name: "Staff", Folded: "staff", MayEnrol: true}
	require.NoError(t, s.AddGroup(ctx, &g))
	require.NoError(t, s.AddGroupMapping(ctx, GroupMapping{GroupID: g.ID, SourceID: src.ID, GroupKey: "k1", Display: "uno"}))
	keys, err := s.MappedGroupKeys(ctx, src.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"k1"}, keys)
	require.NoError(t, s.ChangeEntriesInGroup(ctx, src.ID, "k1", []string{"a", "b"}, nil))
	require.NoError(t, s.ChangeEntriesInGroup(ctx, src.ID, "k1", []string{"b", "c"}, []string{"a"}))
	require.NoError(t, s.ChangeEntriesInGroup(ctx, src.ID, "k2", []string{"a"}, nil))
	ids, err := s.EntriesInGroup(ctx, src.ID, "k1")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"b", "c"}, ids)
	of, err := s.GroupsOfEntry(ctx, src.ID, "b")
	require.NoError(t, err)
	require.Equal(t, g.ID, of[0].ID)
	of, err = s.GroupsOfEntry(ctx, src.ID, "a")
	require.NoError(t, err)
	require.Empty(t, of)
	require.NoError(t, s.DropUnmappedMembers(ctx, src.ID))
	ids, err = s.EntriesInGroup(ctx, src.ID, "k2")
	require.NoError(t, err)
	require.Empty(t, ids)
}

func TestSyncRuns(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	src, other := addDirectory(t, s, "a"), addDirectory(t, s, "b")
	add := func(src Source, outcome string, dry bool) SyncRun {
		run := SyncRun{SourceID: src.ID, StartedAt: start, Outcome: "running", Report: "{}", Dry: dry}
		require.NoError(t, s.AddSyncRun(ctx, &run, 3))
		if outcome != "" {
			run.EndedAt, run.Outcome = new(start.Add(time.Minute)), outcome
			require.NoError(t, s.EndSyncRun(ctx, run))
		}
		return run
	}
	kept := add(other, "done", false)
	good := add(src, "done", false)
	bad := add(src, "incomplete", false)
	add(src, "done", true)
	last, err := s.LastSyncRun(ctx, src.ID, "")
	require.NoError(t, err)
	require.Equal(t, bad.ID, last.ID, "a dry run is no run")
	last, err = s.LastSyncRun(ctx, src.ID, "done")
	require.NoError(t, err)
	require.Equal(t, good.ID, last.ID)
	add(src, "", false)
	runs, err := s.SyncRuns(ctx, src.ID, 10)
	require.NoError(t, err)
	require.Len(t, runs, 3)
	_, err = s.SyncRun(ctx, src.ID, good.ID)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = s.SyncRun(ctx, src.ID, kept.ID)
	require.ErrorIs(t, err, ErrNotFound, "of another source")
	_, err = s.SyncRun(ctx, other.ID, kept.ID)
	require.NoError(t, err)
	require.ErrorIs(t, s.EndSyncRun(ctx, SyncRun{ID: 999}), ErrNotFound)
}

func TestSourceUsers(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	src := addDirectory(t, s, "a")
	alice, bob, gone := userOf(t, s, src, "alice"), userOf(t, s, src, "bob"), userOf(t, s, src, "gone")
	addUser(t, s, "local")
	require.NoError(t, s.RevokeUser(ctx, gone, 0, start))
	device := enrol(t, s, alice, "laptop", "laptop", start)
	enrol(t, s, bob, "phone", "phone", start)
	fresh, err := s.BarUser(ctx, alice.ID, "disabled", start)
	require.NoError(t, err)
	require.True(t, fresh)

	users, err := s.SourceUsersAfter(ctx, src.ID, 0, 10)
	require.NoError(t, err)
	require.Len(t, users, 2)
	byID, err := s.SourceUsersByExternalID(ctx, src.ID, []string{"alice", "gone", "local", ""})
	require.NoError(t, err)
	require.Len(t, byID, 2)
	require.Equal(t, "disabled", byID["alice"].BarredReason)
	all, unbarred, err := s.CountServedBySource(ctx, src.ID)
	require.NoError(t, err)
	require.Equal(t, []int{2, 1}, []int{all, unbarred})

	due, err := s.BarredWithDevices(ctx, src.ID, start.Add(-time.Second))
	require.NoError(t, err)
	require.Empty(t, due)
	due, err = s.BarredWithDevices(ctx, src.ID, start.Add(time.Second))
	require.NoError(t, err)
	require.Equal(t, alice.ID, due[0].ID)
	require.NoError(t, s.RevokeDevice(ctx, device.Device.ID, alice.AccountID, 5, start))
	due, err = s.BarredWithDevices(ctx, src.ID, start.Add(time.Second))
	require.NoError(t, err)
	require.Empty(t, due)
}
