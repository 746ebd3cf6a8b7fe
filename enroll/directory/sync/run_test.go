// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"bytes"
	"image"
	"image/png"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

func TestPeople(t *testing.T) {
	f := newFixture(t)
	alice := f.user(t, f.dir.add("alice"))
	f.dir.add("bob")
	f.dir.add("carol")
	f.dir.with(func(f *fake) { f.people = append(f.people, &person{id: "id-nameless", dn: "cn=x"}) })

	r := f.good(t)
	require.Equal(t, []int{4, 3, 0, 0, 1}, []int{r.People, r.New, r.Changed, r.Unchanged, r.Unusable})
	require.Equal(t, "cn=x", r.Changes[len(r.Changes)-1].Name)
	require.Equal(t, "Name of alice", f.reload(t, alice).DisplayName, "the profile follows")
	e := f.entry(t, "id-alice")
	require.Equal(t, alice.ID, *e.UserID)
	require.Equal(t, "bob@example.test", f.entry(t, "id-bob").Emails)
	require.NotContains(t, f.dir.asked, "jpegPhoto", "pictures of everybody would be gigabytes")

	seen := e.SeenAt
	r = f.good(t)
	require.Equal(t, []int{0, 0, 3}, []int{r.New, r.Changed, r.Unchanged})
	require.Equal(t, seen, f.entry(t, "id-alice").SeenAt, "what did not change is not written")
	require.Equal(t, 1, r.Unusable)

	f.dir.with(func(f *fake) { f.people[0].cn, f.people[1].cn = "Alice A.", "Bob B." })
	r = f.good(t)
	require.Equal(t, []int{2, 1}, []int{r.Changed, r.Updated})
	require.Equal(t, "Alice A.", f.reload(t, alice).DisplayName)

	f.dir.remove("bob")
	r = f.good(t)
	require.Equal(t, []int{1, 0}, []int{r.Missing, r.Barred})
	_, err := f.Box.Store.EntryBySource(t.Context(), f.source.ID, "id-bob")
	require.ErrorIs(t, err, store.ErrNotFound, "who never had an account leaves nothing behind")
}

func TestRenamedAndMoved(t *testing.T) {
	f := newFixture(t)
	alice, bob := f.user(t, f.dir.add("alice")), f.user(t, f.dir.add("bob"))
	f.good(t)
	f.dir.with(func(f *fake) { f.people[0].uid, f.people[0].dn = "alice.smith", "uid=alice.smith,ou=elsewhere" })
	r := f.good(t)
	require.Equal(t, 1, r.Renamed)
	require.Zero(t, r.Barred)
	after := f.reload(t, alice)
	require.Equal(t, "alice.smith", after.Username)
	require.Equal(t, alice.AccountID, after.AccountID)
	require.Equal(t, "uid=alice.smith,ou=elsewhere", f.entry(t, "id-alice").DN)

	f.dir.with(func(f *fake) { f.people[1].uid = "alice" })
	r = f.good(t)
	require.Equal(t, []int{0, 1}, []int{r.Renamed, r.Problems})
	require.Equal(t, "bob", f.reload(t, bob).Username, "a former name stays reserved")
	require.Contains(t, f.entry(t, "id-bob").Problem, `"alice"`)
}

func TestPictures(t *testing.T) {
	draw := func(side int) []byte {
		var file bytes.Buffer
		require.NoError(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, side, side))))
		return file.Bytes()
	}
	f := newFixture(t)
	alice := f.user(t, f.dir.add("alice"))
	f.dir.with(func(f *fake) { f.people[0].picture = draw(10) })
	f.good(t)
	first, err := f.Box.Store.PictureOf(t.Context(), alice.ID)
	require.NoError(t, err)
	require.NotEmpty(t, first)

	f.dir.with(func(f *fake) { f.people[0].picture, f.people[0].modified = draw(20), true })
	r := f.good(t)
	require.Zero(t, r.Changed)
	second, err := f.Box.Store.PictureOf(t.Context(), alice.ID)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
}

func TestDisabled(t *testing.T) {
	f := newFixture(t)
	users := f.staff(t, 5)
	alice := users[0]
	laptop := f.enrol(t, alice)
	f.good(t)
	_, err := f.accounts.IssueUserToken(t.Context(), alice)
	require.NoError(t, err)

	f.dir.with(func(f *fake) { f.people[0].disabled = true })
	r := f.good(t)
	require.Equal(t, []int{1, 0}, []int{r.Barred, r.Revoked})
	require.Equal(t, []Change{{alice.Username, ChangeBarred, "disabled in the directory (nsAccountLock)"}}, r.Changes)
	barred := f.reload(t, alice)
	require.False(t, barred.Served())
	require.Equal(t, store.UserActive, barred.State, "what an administrator says is kept apart")
	require.True(t, f.relay.isDenied(laptop.DeviceID))
	d, err := f.Box.Store.DeviceByID(t.Context(), laptop.DeviceID)
	require.NoError(t, err)
	require.Nil(t, d.RevokedAt)
	require.Equal(t, 4, f.countServed(t, users))

	r = f.good(t)
	require.Zero(t, r.Barred, "once is enough")
	require.Equal(t, barred.BarredAt, f.reload(t, alice).BarredAt)

	f.dir.with(func(f *fake) { f.people[0].disabled = false })
	r = f.good(t)
	require.Equal(t, 1, r.Lifted)
	require.True(t, f.served(t, alice))
	require.False(t, f.relay.isDenied(laptop.DeviceID))

	entries, err := f.Box.Store.Audit(t.Context(), 100)
	require.NoError(t, err)
	for _, action := range []string{"user barred", "bar lifted", "source synchronised"} {
		i := slices.IndexFunc(entries, func(e store.AuditEntry) bool { return e.Action == action })
		require.GreaterOrEqual(t, i, 0, action)
		require.Equal(t, "sync", entries[i].Actor)
	}
}

func TestAdministratorsDisableStays(t *testing.T) {
	f := newFixture(t)
	alice := f.staff(t, 5)[0]
	laptop := f.enrol(t, alice)
	f.good(t)
	require.NoError(t, f.accounts.SetEnabled(t.Context(), alice.Username, false))
	f.dir.with(func(f *fake) { f.people[0].disabled = true })
	f.good(t)
	f.dir.with(func(f *fake) { f.people[0].disabled = false })
	require.Equal(t, 1, f.good(t).Lifted)
	require.False(t, f.served(t, alice))
	require.True(t, f.relay.isDenied(laptop.DeviceID))

	f.dir.with(func(f *fake) { f.people[0].disabled = true })
	f.good(t)
	require.NoError(t, f.accounts.SetEnabled(t.Context(), alice.Username, true))
	require.False(t, f.served(t, alice), "nor does enabling lift what the directory says")
	require.True(t, f.relay.isDenied(laptop.DeviceID))
}

func TestGrace(t *testing.T) {
	const day = 23 * time.Hour // a longer gap would count as a leap
	f := newFixture(t)
	users := f.staff(t, 5)
	gone, stays := users[0], users[1]
	lost, kept := f.enrol(t, gone), f.enrol(t, stays)
	f.good(t)
	f.dir.remove(gone.Username)
	require.Equal(t, 1, f.good(t).Barred)
	require.NotNil(t, f.entry(t, gone.ExternalID).MissingSince)
	for range 7 {
		f.pass(day)
		require.Zero(t, f.good(t).Revoked)
	}
	f.pass(day)
	dry := f.sync(t, RunOptions{Dry: true})
	require.Equal(t, 1, dry.Revoked)
	r := f.good(t)
	require.Equal(t, 1, r.Revoked)
	d, err := f.Box.Store.DeviceByID(t.Context(), lost.DeviceID)
	require.NoError(t, err)
	require.NotNil(t, d.RevokedAt)
	require.Equal(t, cessationOfOperation, d.RevocationReason)
	d, err = f.Box.Store.DeviceByID(t.Context(), kept.DeviceID)
	require.NoError(t, err)
	require.Nil(t, d.RevokedAt)
	require.Zero(t, f.good(t).Revoked)

	f.dir.add(gone.Username)
	require.Equal(t, 1, f.good(t).Lifted, "who is back may enrol anew")
	require.Nil(t, f.entry(t, gone.ExternalID).MissingSince)
}

func TestNoGrace(t *testing.T) {
	f := newFixture(t)
	f.settings(t, func(s *Settings) { s.Grace = 0 })
	alice := f.staff(t, 5)[0]
	f.enrol(t, alice)
	f.good(t)
	f.dir.with(func(f *fake) { f.people[0].disabled = true })
	r := f.good(t)
	require.Equal(t, []int{1, 1}, []int{r.Barred, r.Revoked})
}

// TestClock leaps forward by a year: the devices of who is barred have the whole
// grace time from then on.
func TestClock(t *testing.T) {
	f := newFixture(t)
	users := f.staff(t, 5)
	alice := users[0]
	f.enrol(t, alice)
	f.good(t)
	f.dir.remove(alice.Username)
	require.Equal(t, 1, f.good(t).Barred)
	f.pass(365 * 24 * time.Hour)
	require.Zero(t, f.good(t).Revoked)
	f.pass(15 * time.Minute)
	require.Zero(t, f.good(t).Revoked)
	f.pass(-365 * 24 * time.Hour)
	require.Zero(t, f.good(t).Revoked)
	f.dir.add(alice.Username)
	require.Equal(t, 1, f.good(t).Lifted)
	require.Equal(t, 5, f.countServed(t, users))
}

func TestDryRun(t *testing.T) {
	f := newFixture(t)
	users := f.staff(t, 5)
	f.dir.add("nobody")
	f.good(t)
	f.dir.remove(users[1].Username)
	f.dir.add("new")
	f.dir.with(func(f *fake) {
		f.people[0].disabled = true
		f.people[1].cn = "Other"
	})
	digest := f.entry(t, users[0].ExternalID).Digest
	dry := f.sync(t, RunOptions{Dry: true})
	require.Equal(t, Done, dry.Outcome)
	require.Equal(t, 5, f.countServed(t, users))
	require.Equal(t, digest, f.entry(t, users[0].ExternalID).Digest)
	_, err := f.Box.Store.EntryBySource(t.Context(), f.source.ID, "id-new")
	require.ErrorIs(t, err, store.ErrNotFound)

	real := f.good(t)
	require.Equal(t, []int{1, 2, 1, 2}, []int{real.New, real.Changed, real.Missing, real.Barred})
	require.Equal(t, 3, f.countServed(t, users))
	for _, r := range []*Report{&dry, &real} {
		r.ID, r.Dry, r.StartedAt, r.EndedAt, r.Seconds = 0, false, time.Time{}, nil, 0
	}
	require.Equal(t, dry, real)
}

func TestGroups(t *testing.T) {
	const all, inner, other = "cn=all,ou=g", "cn=inner,ou=g", "cn=other,ou=g"
	f := newFixture(t)
	f.reconfigure(func(c *source.Config) { c.Membership = source.MembershipMemberOf })
	alice, bob := f.dir.add("alice"), f.dir.add("bob")
	f.dir.add("carol")
	f.dir.with(func(f *fake) {
		f.groups = groupsOf(all, inner, other)
		f.groups[1].Parents = []string{all}
		alice.groups, bob.groups = []string{"CN=inner, ou=g"}, []string{other}
	})
	r := f.good(t)
	require.Equal(t, []int{3, 0}, []int{r.Groups, r.Joined})
	stored, err := f.Box.Store.DirectoryGroups(t.Context(), f.source.ID)
	require.NoError(t, err)
	require.Len(t, stored, 3)
	members := func(name string) []string {
		ids, err := f.Box.Store.EntriesInGroup(t.Context(), f.source.ID, "id of "+name)
		require.NoError(t, err)
		return ids
	}
	require.Empty(t, members(inner), "of groups that nobody mapped nothing is kept")

	g := store.Group{Name: "Staff", Folded: "staff"}
	require.NoError(t, f.Box.Store.AddGroup(t.Context(), &g))
	mapping := store.GroupMapping{GroupID: g.ID, SourceID: f.source.ID, GroupKey: "id of " + all, Display: "all"}
	require.NoError(t, f.Box.Store.AddGroupMapping(t.Context(), mapping))
	require.Equal(t, 1, f.good(t).Joined)
	require.Equal(t, []string{"id-alice"}, members(all), "by way of the inner group")

	f.dir.with(func(*fake) { alice.groups, bob.groups = nil, []string{inner} })
	dry := f.sync(t, RunOptions{Dry: true})
	require.Equal(t, []int{1, 1}, []int{dry.Joined, dry.Left})
	require.Equal(t, []string{"id-alice"}, members(all))
	r = f.good(t)
	require.Equal(t, []int{1, 1}, []int{r.Joined, r.Left})
	require.Equal(t, []string{"id-bob"}, members(all))

	f.dir.with(func(f *fake) { f.groups = f.groups[1:] })
	require.Equal(t, 1, f.good(t).Left)
	require.Empty(t, members(all))
	require.NoError(t, f.Box.Store.RemoveGroupMapping(t.Context(), mapping))
	f.good(t)
}
