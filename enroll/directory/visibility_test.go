// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/group"
	"jamibox/enroll/store"
)

// school is a box with pupils, who find pupils and tutors; tutors, of whom
// clients see no phone number; and a guest in no group.
func school(t *testing.T) (*enrolltest.Box, *group.Service, fakes, map[string]store.User) {
	t.Helper()
	b := enrolltest.NewEmpty(t)
	groups := group.New(b.Store, b.Audit)
	f := addSources(t, b, "corp")
	users := map[string]store.User{}
	for _, name := range []string{"pupil", "tutor", "guest"} {
		users[name] = b.AddUser(t, name, func(u *store.User) {
			u.FirstName, u.LastName, u.Email, u.Phone, u.Mobile = "Ann", "Person", name+"@example.org", "+33 1 23", "+33 6 78"
			u.Organization, u.Department = "School", "Music"
			u.SearchText = account.SearchText(u.Username, u.FirstName, u.LastName, u.Email, u.Phone, u.Mobile, u.Organization)
		})
		require.NoError(t, b.Store.UpdateProfile(t.Context(), users[name], []byte("portrait")))
	}
	users["mapped"] = addTo(t, b, f[0], "mapped", "ann person")
	ann := users["mapped"]
	ann.FirstName, ann.LastName = "Ann", "Person"
	require.NoError(t, b.Store.UpdateProfile(t.Context(), ann, nil))
	for _, c := range []group.Change{
		{Name: new("pupils")}, {Name: new("tutors"), Shows: &[]group.Field{group.FirstName, group.LastName, group.Email}},
	} {
		_, err := groups.Create(t.Context(), c)
		require.NoError(t, err)
	}
	_, err := groups.Update(t.Context(), "pupils", group.Change{Finds: &[]string{"pupils", "tutors"}})
	require.NoError(t, err)
	require.NoError(t, groups.AddMember(t.Context(), "pupils", "pupil"))
	require.NoError(t, groups.AddMember(t.Context(), "tutors", "tutor"))
	require.NoError(t, b.Store.ChangeDirectoryGroups(t.Context(), f[0].ID,
		[]store.DirectoryGroup{{SourceID: f[0].ID, GroupKey: "1", DN: "cn=tutors", Name: "tutors"}}, nil))
	require.NoError(t, groups.Map(t.Context(), "tutors", "corp", "tutors"))
	require.NoError(t, b.Store.ChangeEntriesInGroup(t.Context(), f[0].ID, "1", []string{"id of mapped"}, nil))
	return b, groups, f, users
}

func TestWhoFindsWhom(t *testing.T) {
	b, groups, f, users := school(t)
	d := New(b.Store, groups, f, b.Logger)
	f[0].finds("mapped", "outside")
	addTo(t, b, f[0], "outside", "other")
	for searcher, want := range map[string][]string{
		"pupil": {"pupil", "tutor", "mapped"},
		"tutor": {"guest", "pupil", "tutor", "mapped", "outside"},
		"guest": {"guest", "pupil", "tutor", "mapped", "outside"},
	} {
		page, err := d.Search(t.Context(), users[searcher], ParseQuery("ann"), 0, true)
		require.NoError(t, err)
		require.Equal(t, want, usernames(page), searcher)
	}
	page, err := d.Search(t.Context(), users["pupil"], ParseQuery("*"), 0, true)
	require.NoError(t, err)
	require.Equal(t, []string{"pupil", "tutor", "mapped"}, usernames(page))
	require.NoError(t, groups.Remove(t.Context(), "tutors"))
	page, err = d.Search(t.Context(), users["pupil"], ParseQuery("Ann"), 0, true)
	require.NoError(t, err)
	require.Equal(t, []string{"pupil"}, usernames(page))
}

func TestWhatIsShown(t *testing.T) {
	b, groups, _, users := school(t)
	d := New(b.Store, groups, nil, b.Logger)
	people := func(raw string) map[string]Person {
		page, err := d.Search(t.Context(), users["guest"], ParseQuery(raw), 0, false)
		require.NoError(t, err)
		found := map[string]Person{}
		for _, p := range page.People {
			found[p.User.Username] = p
		}
		return found
	}
	found := people("ann")
	guest, tutor := found["guest"], found["tutor"]
	require.Equal(t, "+33 1 23", guest.User.Phone)
	require.NotNil(t, guest.Picture)
	require.Equal(t, users["tutor"].AccountID, tutor.User.AccountID)
	require.Equal(t, "Ann", tutor.User.FirstName)
	require.Equal(t, "tutor@example.org", tutor.User.Email)
	for _, hidden := range []string{tutor.User.Phone, tutor.User.Mobile, tutor.User.Organization, tutor.User.Department} {
		require.Empty(t, hidden)
	}
	require.Nil(t, tutor.Picture)
	for raw, want := range map[string]bool{"+33 1 23": false, "3312": false, "school": false, "tutor@": true, "ann tutor": true, "*": true} {
		found := people(raw)
		_, seen := found["tutor"]
		require.Equal(t, want, seen, "what is hidden leads nowhere: %q", raw)
		if raw != "tutor@" && raw != "ann tutor" {
			require.Contains(t, found, "guest", raw)
		}
	}
	_, err := groups.Update(t.Context(), "tutors", group.Change{Shows: &[]group.Field{}})
	require.NoError(t, err)
	ghost := people("tutor")["tutor"]
	require.Equal(t, "tutor", ghost.User.Username)
	require.Empty(t, ghost.User.FirstName+ghost.User.LastName+ghost.User.Email)
}

func TestPhoneNumbers(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	d := newDirectory(b, nil)
	for name, number := range map[string]string{"ann": "+49 (0)30 / 47-11", "bea": "030 4712", "cem": "+493047 13"} {
		addPerson(t, b, name, "", "", number)
	}
	for raw, want := range map[string][]string{
		"+49 30 4711": {"ann"}, "+49%20(0)30%2047-11": {"ann"}, "0049304711": {"ann"}, "030/4711": {"ann"}, "4711": {"ann"}, "30+4711": {"ann"},
		"(030) 4712": {"bea"}, "304712": {"bea"}, "30 47": {"ann", "bea", "cem"}, "47 13": {"cem"}, "+49 30": {"ann", "cem"}, "99": {}, "0000": {},
	} {
		require.Equal(t, want, search(t, d, raw), "%q", raw)
	}
}

// TestCache: an answer is some seconds old at most, and what a group hides is
// hidden at once.
func TestCache(t *testing.T) {
	b, groups, f, users := school(t)
	d := New(b.Store, groups, f, b.Logger)
	now := time.Now()
	d.cache.now = func() time.Time { return now }
	require.Len(t, search(t, d, "ann"), 4)
	require.NoError(t, b.Store.SetUserState(t.Context(), users["guest"].ID, store.UserDisabled))
	_, err := groups.Update(t.Context(), "tutors", group.Change{Shows: &[]group.Field{}})
	require.NoError(t, err)
	page, err := d.Search(t.Context(), store.User{}, ParseQuery("ann"), 0, false)
	require.NoError(t, err)
	require.Equal(t, []string{"guest", "pupil"}, usernames(page))
	require.Equal(t, 1, f[0].times())
	page, err = d.Search(t.Context(), users["pupil"], ParseQuery("ann"), 0, false)
	require.NoError(t, err)
	require.Equal(t, []string{"pupil"}, usernames(page), "others are not answered with it")
	now = now.Add(cacheTime)
	require.Equal(t, []string{"pupil"}, search(t, d, "ann"))
	require.Equal(t, 3, f[0].times())
	for i := range 2 * maxCached {
		d.cache.put(cacheKey{page: i}, hit{})
	}
	require.LessOrEqual(t, len(d.cache.hits), maxCached)
}
