// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/ldapclient"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

func groupsOf(dns ...string) []ldapclient.Group {
	var list []ldapclient.Group
	for _, dn := range dns {
		list = append(list, ldapclient.Group{ID: "id of " + dn, DN: dn, Name: dn})
	}
	return list
}

// TestNobodyLosesDevices goes through what looks as if people had left.
func TestNobodyLosesDevices(t *testing.T) {
	fault := errors.New("the connection was lost")
	for _, test := range []struct {
		name    string
		staff   int
		happens func(*fixture)
		outcome Outcome
		reason  string
	}{
		{"unreachable", 5, func(f *fixture) {
			f.dir.with(func(d *fake) { d.people, d.fault = nil, fault })
		}, Incomplete, fault.Error()},
		{"cut off after two pages", 5, func(f *fixture) {
			f.dir.with(func(d *fake) { d.fault, d.faultAfter = fault, 4 })
		}, Incomplete, fault.Error()},
		{"cut off at the end", 5, func(f *fixture) {
			f.dir.with(func(d *fake) { d.people, d.fault, d.faultAfter = d.people[:4], fault, 4 })
		}, Incomplete, fault.Error()},
		{"cut off without a word", 5, func(f *fixture) {
			f.dir.with(func(d *fake) { d.people, d.silent = d.people[:4], true })
		}, Incomplete, cutOff},
		{"ids hidden from the service account", 5, func(f *fixture) {
			f.dir.with(func(d *fake) {
				for _, p := range d.people {
					p.id = ""
				}
			})
		}, Incomplete, "no stable id"},
		{"branch emptied", 5, func(f *fixture) {
			f.dir.with(func(d *fake) { d.people = nil })
		}, Stopped, "nobody at all"},
		{"branch of one emptied", 1, func(f *fixture) {
			f.dir.with(func(d *fake) { d.people = nil })
		}, Stopped, "nobody at all"},
		{"another server with other ids", 5, func(f *fixture) {
			f.dir.with(func(d *fake) {
				for _, p := range d.people {
					p.id = "other " + p.id
				}
			})
		}, Stopped, "5 of 5"},
		{"mass disappearance", 20, func(f *fixture) {
			f.dir.with(func(d *fake) { d.people = d.people[4:] })
		}, Stopped, "4 of 20"},
		{"mass disabling", 20, func(f *fixture) {
			f.dir.with(func(d *fake) {
				for _, p := range d.people[:4] {
					p.disabled = true
				}
			})
		}, Stopped, "4 of 20"},
		{"some of each", 20, func(f *fixture) {
			f.dir.with(func(d *fake) {
				d.people = d.people[2:]
				for _, p := range d.people[:2] {
					p.disabled = true
				}
			})
		}, Stopped, "4 of 20"},
		{"mass disabling in an answer that is cut off", 20, func(f *fixture) {
			f.dir.with(func(d *fake) {
				for _, p := range d.people[:5] {
					p.disabled = true
				}
				d.fault, d.faultAfter = fault, 10
			})
		}, Stopped, "5 of 20"},
		{"filter changed", 9, func(f *fixture) {
			f.reconfigure(func(c *source.Config) { c.UsersFilter = "(objectClass=other)" })
			f.dir.with(func(d *fake) { d.people = d.people[1:] })
		}, Stopped, "configuration is new"},
		{"base changed", 9, func(f *fixture) {
			f.reconfigure(func(c *source.Config) { c.Bases = []string{"ou=elsewhere"} })
			f.dir.with(func(d *fake) { d.people = d.people[1:] })
		}, Stopped, "configuration is new"},
		{"moved while the pages were read", 9, func(f *fixture) {
			f.dir.with(func(d *fake) { d.people[3].hidden = 1 })
		}, Done, ""},
		{"moved while the pages were read, all", 9, func(f *fixture) {
			f.dir.with(func(d *fake) {
				for _, p := range d.people[:3] {
					p.hidden = 1
				}
			})
		}, Done, ""},
		{"clock a year ahead", 5, func(f *fixture) { f.pass(365 * 24 * time.Hour) }, Done, ""},
		{"clock a year behind", 5, func(f *fixture) { f.pass(-365 * 24 * time.Hour) }, Done, ""},
		{"groups cannot be read", 5, func(f *fixture) {
			f.dir.with(func(d *fake) { d.groupsFault = fault })
		}, Incomplete, "groups"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t)
			users := f.staff(t, test.staff)
			device := f.enrol(t, users[0])
			f.settings(t, func(s *Settings) { s.Grace, s.AlarmAccounts = 0, 3 })
			f.good(t)
			test.happens(f)
			for range 2 {
				r := f.sync(t, RunOptions{})
				require.Equal(t, test.outcome, r.Outcome, r.Reason)
				require.Contains(t, r.Reason, test.reason)
				require.Zero(t, r.Barred+r.Revoked+r.Missing)
				require.Equal(t, test.staff, f.countServed(t, users))
				require.False(t, f.relay.isDenied(device.DeviceID))
				alarm := f.job.Alarm(t.Context())
				require.Equal(t, test.outcome == Stopped, alarm != nil, "%v", alarm)
			}
		})
	}
}

// TestDisabledInCutOffAnswer shows that what was read counts, and what was not
// read does not.
func TestDisabledInCutOffAnswer(t *testing.T) {
	f := newFixture(t)
	users := f.staff(t, 10)
	f.good(t)
	f.dir.with(func(d *fake) {
		d.people[0].disabled = true
		d.people[9].disabled = true
		d.fault, d.faultAfter = errors.New("size limit exceeded"), 4
	})
	r := f.sync(t, RunOptions{})
	require.Equal(t, []any{Incomplete, 1}, []any{r.Outcome, r.Barred})
	require.False(t, f.served(t, users[0]))
	require.Equal(t, 9, f.countServed(t, users))
}

// TestConfirmationCutOff asks again for who is missing, and gets no answer.
func TestConfirmationCutOff(t *testing.T) {
	f := newFixture(t)
	users := f.staff(t, 10)
	f.good(t)
	reader := &unconfirmed{fake: f.dir}
	f.job.o.Directories = func() []Directory {
		d := f.directory()
		d.Reader = reader
		return []Directory{d}
	}
	f.dir.remove(users[0].Username)
	r := f.sync(t, RunOptions{})
	require.Equal(t, []any{Incomplete, 0}, []any{r.Outcome, r.Barred})
	require.Equal(t, 10, f.countServed(t, users))
}

// TestAccountMadeMeanwhile has somebody log in for the first time who came to
// the directory after the page was read.
func TestAccountMadeMeanwhile(t *testing.T) {
	f := newFixture(t)
	f.staff(t, 5)
	var late store.User
	f.dir.with(func(d *fake) {
		d.onPage = func() {
			if late.ID == 0 {
				late = f.AddUser(t, "late", func(u *store.User) { u.SourceID, u.ExternalID = &f.source.ID, "id-late" })
			}
		}
	})
	require.Zero(t, f.good(t).Barred)
	require.True(t, f.served(t, late))
	require.Zero(t, f.good(t).Barred, "nor may the person have reached each server of the directory")
	f.pass(settled + time.Minute)
	require.Equal(t, 1, f.good(t).Barred)
}

func TestAccept(t *testing.T) {
	f := newFixture(t)
	users := f.staff(t, 24)
	f.good(t)
	f.dir.with(func(d *fake) { d.people = d.people[12:] })
	r := f.sync(t, RunOptions{})
	require.Equal(t, []any{Stopped, 0}, []any{r.Outcome, r.Barred})
	require.Len(t, r.Changes, 12)
	dry := f.sync(t, RunOptions{Dry: true})
	require.Equal(t, Stopped, dry.Outcome)
	require.ErrorContains(t, f.job.Alarm(t.Context()), "jamibox source sync Staff --accept")

	dry = f.sync(t, RunOptions{Dry: true, Accept: true})
	require.Equal(t, []any{Done, 12}, []any{dry.Outcome, dry.Barred})
	require.Equal(t, 24, f.countServed(t, users))
	require.Error(t, f.job.Alarm(t.Context()), "a dry run settles nothing")

	r = f.sync(t, RunOptions{Accept: true})
	require.Equal(t, []any{Done, 12, 12}, []any{r.Outcome, r.Barred, r.Missing})
	require.Equal(t, 12, f.countServed(t, users))
	require.NoError(t, f.job.Alarm(t.Context()))
	require.Zero(t, f.good(t).Barred)

	f.dir.with(func(d *fake) {
		for i := range 12 {
			name := fmt.Sprintf("p%03d", i)
			d.people = append(d.people, &person{id: "id-" + name, uid: name, cn: name, dn: "uid=" + name})
		}
	})
	require.Equal(t, 12, f.good(t).Lifted)
}

// TestBackToNormal ends an alarm by itself.
func TestBackToNormal(t *testing.T) {
	f := newFixture(t)
	f.staff(t, 5)
	f.good(t)
	var people []*person
	f.dir.with(func(d *fake) { people, d.people = d.people, nil })
	require.Equal(t, Stopped, f.sync(t, RunOptions{}).Outcome)
	require.Error(t, f.job.Alarm(t.Context()))
	require.Equal(t, Stopped, f.sync(t, RunOptions{Accept: true}).Outcome, "nobody accepts an empty directory")
	f.dir.with(func(d *fake) { d.people = people })
	f.good(t)
	require.NoError(t, f.job.Alarm(t.Context()))
}

func TestStaleAlarm(t *testing.T) {
	f := newFixture(t)
	f.staff(t, 5)
	f.good(t)
	f.dir.with(func(d *fake) { d.fault = errors.New("down") })
	f.sync(t, RunOptions{})
	require.NoError(t, f.job.Alarm(t.Context()), "a server may be down for some hours")
	f.pass(25 * time.Hour)
	require.ErrorContains(t, f.job.Alarm(t.Context()), "down")
	states, err := f.job.States(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, states[0].People)
	require.Equal(t, Incomplete, states[0].Last.Outcome)
	require.NotNil(t, states[0].GoodAt)
}

// TestCutOffRun stops the box in the middle of a run.
func TestCutOffRun(t *testing.T) {
	f := newFixture(t)
	users := f.staff(t, 10)
	f.good(t)
	f.dir.with(func(d *fake) {
		for _, p := range d.people {
			p.cn = "new name"
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.dir.with(func(d *fake) { d.onPage = cancel })
	r, err := f.job.RunOnce(ctx, "staff", RunOptions{})
	require.NoError(t, err)
	require.Equal(t, Incomplete, r.Outcome)
	f.dir.with(func(d *fake) { d.onPage = nil })
	f.good(t)
	for _, u := range users {
		require.Equal(t, "new name", f.reload(t, u).DisplayName)
	}
	require.Equal(t, 10, f.countServed(t, users))
}

// broken is a box whose database fails when somebody is to be barred.
type broken struct{ Accounts }

func (broken) BarUser(context.Context, int64, string) (bool, error) {
	return false, errors.New("the disk is full")
}

func TestFaultOfTheBox(t *testing.T) {
	f := newFixture(t)
	users := f.staff(t, 5)
	f.good(t)
	f.dir.remove(users[0].Username)
	whole := f.job.o.Accounts
	f.job.o.Accounts = broken{whole}
	r := f.sync(t, RunOptions{})
	require.Equal(t, []any{Failed, "the disk is full"}, []any{r.Outcome, r.Reason})
	f.job.o.Accounts = whole
	require.Equal(t, 1, f.good(t).Barred)
}

func TestReportIsBounded(t *testing.T) {
	var r Report
	for range maxChanges + 3 {
		r.note("x", ChangeBarred, "y")
	}
	require.Len(t, r.Changes, maxChanges)
	require.Equal(t, 3, r.Omitted)
}
