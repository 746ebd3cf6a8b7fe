// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/source"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

// fake is a directory whose answers a test decides.
type fake struct {
	LiveSource
	mu     sync.Mutex
	asked  [][]string                                         // guarded by mu
	search func(ctx context.Context) ([]source.Person, error) // guarded by mu
}

func (f *fake) answers(search func(ctx context.Context) ([]source.Person, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.search = search
}

func (f *fake) finds(names ...string) {
	var people []source.Person
	for _, n := range names {
		people = append(people, source.Person{ExternalID: "id of " + n})
	}
	f.answers(func(context.Context) ([]source.Person, error) { return people, nil })
}

func (f *fake) times() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

type fakes []*fake

func (f fakes) Sources(context.Context) []LiveSource {
	var all []LiveSource
	for _, one := range f {
		s := one.LiveSource
		s.Search = func(ctx context.Context, words []string, _ int) ([]source.Person, error) {
			one.mu.Lock()
			one.asked = append(one.asked, words)
			search := one.search
			one.mu.Unlock()
			return search(ctx)
		}
		all = append(all, s)
	}
	return all
}

// addSources adds directories that know nobody to a box.
func addSources(t testing.TB, b *enrolltest.Box, names ...string) fakes {
	t.Helper()
	var all fakes
	for _, name := range names {
		now := time.Now().UTC()
		row := store.Source{Name: name, Folded: name, Kind: "ldap", Enabled: true, Config: "{}", CreatedAt: now, ChangedAt: now}
		require.NoError(t, b.Store.AddSource(t.Context(), &row))
		f := &fake{LiveSource: LiveSource{ID: row.ID, Name: name}}
		f.finds()
		all = append(all, f)
	}
	return all
}

// addTo adds a user of a directory who is found here by text.
func addTo(t testing.TB, b *enrolltest.Box, f *fake, name, text string) store.User {
	t.Helper()
	return b.AddUser(t, name, func(u *store.User) {
		u.SourceID, u.ExternalID, u.SearchText = &f.ID, "id of "+name, text
	})
}

func search(t testing.TB, d *Directory, raw string) []string {
	t.Helper()
	page, err := d.Search(t.Context(), store.User{}, ParseQuery(raw), 0, false)
	require.NoError(t, err)
	return usernames(page)
}

func TestSourcesAreMerged(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	f := addSources(t, b, "first", "second")
	d := newDirectory(b, f)
	b.AddUser(t, "z.local", nil)
	addTo(t, b, f[1], "a.second", "word")
	addTo(t, b, f[0], "m.first", "word")
	addTo(t, b, f[0], "new name", "old text")
	addTo(t, b, f[1], "b.barred", "")
	barred, err := b.Store.UserByName(t.Context(), "b.barred")
	require.NoError(t, err)
	_, err = b.Store.BarUser(t.Context(), barred.ID, "left", time.Now())
	require.NoError(t, err)
	addTo(t, b, f[1], "c.disabled", "")
	disabled, err := b.Store.UserByName(t.Context(), "c.disabled")
	require.NoError(t, err)
	require.NoError(t, b.Store.SetUserState(t.Context(), disabled.ID, store.UserDisabled))

	f[0].finds("m.first", "new name", "somebody without an account", "a.second" /* an id of the other source */)
	f[1].finds("a.second", "b.barred", "c.disabled", "", "a.second")
	require.Equal(t, []string{"m.first", "new name", "a.second"}, search(t, d, "Word"), "by source, then by name, nobody twice")
	require.Equal(t, []string{"z.local", "m.first", "new name", "a.second"}, search(t, d, "local"))
	require.Equal(t, [][]string{{"Word"}, {"local"}}, f[0].asked, "directories fold case themselves")
	for _, none := range []string{"w", "*"} {
		search(t, d, none)
		require.Equal(t, 2, f[0].times(), "%q is for the index alone", none)
	}
	_, err = d.Search(t.Context(), store.User{}, ParseQuery("word"), 1, false)
	require.NoError(t, err)
	require.Equal(t, 2, f[0].times(), "further pages come from the index")
	require.NoError(t, b.Store.MoveSource(t.Context(), f[1].ID, 1))
	require.Equal(t, []string{"a.second", "m.first", "new name"}, search(t, d, "Word "))
}

func TestPagesOverSources(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	f := addSources(t, b, "first", "second")
	d := newDirectory(b, nil)
	want := []string{}
	for i, n := range []int{0: 30, 1: 45, 2: 60} {
		for j := range n {
			name := fmt.Sprintf("%d.%03d", 9-i, j) // by source, not by name
			if i == 0 {
				b.AddUser(t, name, nil)
			} else {
				addTo(t, b, f[i-1], name, name)
			}
			want = append(want, name)
		}
	}
	got := []string{}
	for page := range 4 {
		result, err := d.Search(t.Context(), store.User{}, ParseQuery("*"), page, true)
		require.NoError(t, err)
		require.Equal(t, 3, result.Pages)
		got = append(got, usernames(result)...)
	}
	require.Equal(t, want, got)
}

// TestDeadSource costs its limit once, is left alone for a while, then tried
// without anybody waiting, and is asked again once it answers.
func TestDeadSource(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	f := addSources(t, b, "dead", "good")
	addTo(t, b, f[1], "bob", "")
	f[1].finds("bob")
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(f, b.Logger)
		ask := func() (people int, took time.Duration) {
			start := time.Now()
			n, answers := a.ask(t.Context(), []string{"bob"}, PageSize)
			for range n {
				people += len((<-answers).ids)
			}
			return people, time.Since(start)
		}
		release := make(chan struct{})
		f[0].answers(func(context.Context) ([]source.Person, error) {
			<-release // it does not even heed its context
			return nil, nil
		})
		people, took := ask()
		require.Equal(t, 1, people)
		require.Equal(t, liveTime, took)
		for range 3 {
			people, took = ask()
			require.Equal(t, 1, people)
			require.Zero(t, took)
		}
		require.Equal(t, 1, f[0].times())
		<-time.After(downTime)
		_, took = ask()
		require.Zero(t, took, "it is tried, and nobody waits")
		synctest.Wait()
		require.Equal(t, 2, f[0].times())
		_, _ = ask()
		require.Equal(t, 2, f[0].times(), "by one at a time")
		close(release)
		<-time.After(downTime + liveTime)
		f[0].answers(func(context.Context) ([]source.Person, error) { return nil, errors.New("refused") })
		_, _ = ask()
		synctest.Wait()
		require.Equal(t, 3, f[0].times())
		f[0].finds("carol")
		people, _ = ask()
		require.Equal(t, 1, people, "still left alone")
		<-time.After(downTime)
		_, _ = ask()
		synctest.Wait()
		people, took = ask()
		require.Equal(t, 2, people, "it is back")
		require.Zero(t, took)
	})
}

// TestNobodyWaits: who goes away says nothing about a directory, and a full page
// does not wait for one.
func TestNobodyWaits(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	f := addSources(t, b, "slow")
	for i := range PageSize {
		b.AddUser(t, fmt.Sprintf("bob%02d", i), nil)
	}
	d := newDirectory(b, f)
	asked := make(chan struct{}, 9)
	f[0].answers(func(ctx context.Context) ([]source.Person, error) {
		asked <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	require.Len(t, search(t, d, "bob"), PageSize)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked // of the first search
		<-asked
		cancel()
	}()
	_, err := d.Search(ctx, store.User{}, ParseQuery("other"), 0, false)
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool {
		d.asker.mu.Lock()
		defer d.asker.mu.Unlock()
		return len(d.asker.down) == 0
	}, 10*time.Second, time.Millisecond)
}
