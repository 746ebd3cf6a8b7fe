// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

const soon = time.Minute

// start runs the job until the test ends.
func (f *fixture) start(t *testing.T) (stop func()) {
	t.Helper()
	f.job.look, f.job.pace = 5*time.Millisecond, time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.job.Run(ctx) }()
	stop = func() {
		cancel()
		require.NoError(t, <-done)
	}
	require.Eventually(t, func() bool {
		f.job.mu.Lock()
		defer f.job.mu.Unlock()
		return f.job.base != nil
	}, soon, time.Millisecond)
	return stop
}

// runs returns how many runs have ended.
func (f *fixture) runs(t *testing.T) int {
	t.Helper()
	rows, err := f.Box.Store.SyncRuns(t.Context(), f.source.ID, keptRuns)
	require.NoError(t, err)
	n := 0
	for _, r := range rows {
		if r.EndedAt != nil {
			n++
		}
	}
	return n
}

func (f *fixture) awaitRuns(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return f.runs(t) >= n }, soon, 5*time.Millisecond)
}

func TestSchedule(t *testing.T) {
	f := newFixture(t)
	f.reconfigure(func(c *source.Config) { c.Accounts = source.AccountsLogin })
	f.dir.add("alice")
	stop := f.start(t)
	f.awaitRuns(t, 1)
	f.reconfigure(func(c *source.Config) { c.Organization = "Example" })
	f.awaitRuns(t, 2)
	g := store.Group{Name: "Staff", Folded: "staff"}
	require.NoError(t, f.Box.Store.AddGroup(t.Context(), &g))
	require.NoError(t, f.Box.Store.AddGroupMapping(t.Context(),
		store.GroupMapping{GroupID: g.ID, SourceID: f.source.ID, GroupKey: "id of x", Display: "x"}))
	f.awaitRuns(t, 3)
	stop()
	require.Equal(t, 3, f.runs(t), "the interval has not passed")

	// A box that is started again shortly after does not ask everything anew.
	next, err := f.job.first(t.Context(), f.directory(), time.Hour)
	require.NoError(t, err)
	require.Greater(t, time.Until(next), 50*time.Minute)
	f.pass(2 * time.Hour)
	next, err = f.job.first(t.Context(), f.directory(), time.Hour)
	require.NoError(t, err)
	require.LessOrEqual(t, time.Until(next), time.Duration(0))
}

func TestStart(t *testing.T) {
	f := newFixture(t)
	f.staff(t, 3)
	_, err := f.job.Start(t.Context(), "staff", RunOptions{})
	require.ErrorIs(t, err, ErrNotServing)
	_, err = f.job.RunOnce(t.Context(), "other", RunOptions{})
	require.ErrorIs(t, err, ErrNotFound)

	f.good(t) // so that none is due
	stop := f.start(t)
	hold, held := make(chan struct{}), make(chan struct{}, 9)
	f.dir.with(func(d *fake) {
		d.onPage = func() {
			held <- struct{}{}
			<-hold
		}
	})
	id, err := f.job.Start(t.Context(), " STAFF ", RunOptions{Accept: true})
	require.NoError(t, err)
	<-held
	_, err = f.job.Start(t.Context(), "staff", RunOptions{})
	require.ErrorIs(t, err, ErrRunning)
	state, err := f.job.State(t.Context(), "staff")
	require.NoError(t, err)
	require.True(t, state.Running)
	r, err := f.job.Report(t.Context(), "staff", id)
	require.NoError(t, err)
	require.Equal(t, []any{id, Running}, []any{r.ID, r.Outcome})
	close(hold)
	require.Eventually(t, func() bool {
		r, err = f.job.Report(t.Context(), "staff", id)
		require.NoError(t, err)
		return r.EndedAt != nil
	}, soon, 5*time.Millisecond)
	require.Equal(t, []any{Done, true}, []any{r.Outcome, r.Accepted})
	runs, err := f.job.Runs(t.Context(), "staff", 10)
	require.NoError(t, err)
	require.Equal(t, id, runs[0].ID)
	_, err = f.job.Report(t.Context(), "staff", 999)
	require.ErrorIs(t, err, ErrNoRun)
	stop()
}

// TestNoReader leaves a source alone that people log in to directly.
func TestNoReader(t *testing.T) {
	f := newFixture(t)
	f.staff(t, 3)
	f.good(t)
	f.reconfigure(func(c *source.Config) {
		c.Login, c.BindTemplate = source.LoginDirect, "uid=%u,dc=example,dc=test"
	})
	_, err := f.job.RunOnce(t.Context(), "staff", RunOptions{})
	require.ErrorIs(t, err, ErrNoReader)
	require.NoError(t, f.job.startDue(t.Context(), map[int64]plan{}))
	f.pass(48 * time.Hour)
	require.NoError(t, f.job.Alarm(t.Context()))
	require.Equal(t, 1, f.runs(t))

	f.reconfigure(func(c *source.Config) { c.BindDN = "cn=reader,dc=example,dc=test" })
	f.good(t)
}

// TestRunsLeftBehind shows what becomes of a run that a power cut ended.
func TestRunsLeftBehind(t *testing.T) {
	f := newFixture(t)
	row := store.SyncRun{SourceID: f.source.ID, StartedAt: time.Now().UTC(), Outcome: string(Running), Report: "{}"}
	require.NoError(t, f.Box.Store.AddSyncRun(t.Context(), &row, keptRuns))
	r, err := f.job.Report(t.Context(), "staff", row.ID)
	require.NoError(t, err)
	require.Equal(t, Failed, r.Outcome)
	require.NoError(t, f.job.Alarm(t.Context()))
	f.good(t)
}

type nobody struct{}

func (nobody) Admits(_ context.Context, _ int64, id string) (bool, error) {
	return id == "id-alice", nil
}

func TestAccountsAhead(t *testing.T) {
	f := newFixture(t)
	f.dir.add("alice")
	f.dir.add("bob") // not admitted
	f.dir.add("a/b") // no client could use that name
	f.dir.with(func(d *fake) { d.people[1].disabled = true })
	f.job.o.Admission = nobody{}
	stop := f.start(t)
	defer stop()
	var alice store.User
	require.Eventually(t, func() bool {
		var err error
		alice, err = f.Box.Store.UserByName(t.Context(), "alice")
		return err == nil
	}, soon, 10*time.Millisecond)
	require.Equal(t, "id-alice", alice.ExternalID)
	require.Equal(t, f.source.ID, *alice.SourceID)
	require.Eventually(t, func() bool { return f.entry(t, "id-alice").UserID != nil }, soon, 5*time.Millisecond)
	_, err := f.Box.Store.UserByName(t.Context(), "bob")
	require.ErrorIs(t, err, store.ErrNotFound)

	state, err := f.job.State(t.Context(), "staff")
	require.NoError(t, err)
	require.Equal(t, []int{3, 2}, []int{state.People, state.Waiting})
}

func TestNoAccountsFromAStranger(t *testing.T) {
	f := newFixture(t)
	f.staff(t, 5)
	f.good(t)
	f.dir.with(func(d *fake) {
		for _, p := range d.people {
			p.id, p.uid = "other "+p.id, "other"+p.uid
		}
	})
	require.Equal(t, Stopped, f.sync(t, RunOptions{}).Outcome)
	require.NoError(t, f.job.provisionAll(t.Context()))
	_, err := f.Box.Store.UserByName(t.Context(), "otherp000")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestNameProblem(t *testing.T) {
	f := newFixture(t)
	f.job.pace = time.Millisecond
	f.AddUser(t, "alice", nil) // of the box itself
	f.dir.add("alice")
	f.dir.add("a/b")
	f.good(t)
	require.NoError(t, f.job.provisionAll(t.Context()))
	require.Contains(t, f.entry(t, "id-alice").Problem, "taken")
	require.Contains(t, f.entry(t, "id-a/b").Problem, "must not contain")
	local, err := f.Box.Store.UserByName(t.Context(), "alice")
	require.NoError(t, err)
	require.Nil(t, local.SourceID)
}

// TestAccountsAheadLeaveKeys makes no account while others may want the keys,
// and can be stopped while it waits.
func TestAccountsAheadLeaveKeys(t *testing.T) {
	f := newFixture(t)
	f.dir.add("alice")
	f.good(t)
	var ready atomic.Bool
	asked := make(chan struct{}, 1)
	f.job.o.Keys = func(context.Context) (bool, error) {
		f.job.signal(asked)
		return ready.Load(), nil
	}
	for range 2 {
		stop := f.start(t)
		for range 3 {
			<-asked
		}
		stop()
		_, err := f.Box.Store.UserByName(t.Context(), "alice")
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	ready.Store(true)
	stop := f.start(t)
	defer stop()
	require.Eventually(t, func() bool {
		_, err := f.Box.Store.UserByName(t.Context(), "alice")
		return err == nil
	}, soon, 10*time.Millisecond)
}
