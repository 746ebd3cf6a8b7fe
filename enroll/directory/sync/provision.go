// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

// provisionLoop makes accounts ahead whenever a run has ended, until ctx ends.
func (j *Job) provisionLoop(ctx context.Context) {
	ctx = audit.With(ctx, audit.Actor{Name: actor})
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.provision:
		}
		if err := j.provisionAll(ctx); err != nil && ctx.Err() == nil {
			j.o.Logger.Error("making accounts ahead", "err", err)
		}
	}
}

// provisionAll makes the accounts that lack: some of each source in turn, for
// all of a large one may take days.
func (j *Job) provisionAll(ctx context.Context) error {
	done := make(map[int64]int64) // row ids of entries by source
	for more := true; more; {
		more = false
		for _, d := range j.o.Directories() {
			d.Config = d.Config.WithDefaults()
			marks, err := j.withoutAccount(ctx, d, done[d.ID])
			if err != nil {
				return err
			}
			if len(marks) == 0 {
				continue
			}
			more, done[d.ID] = true, marks[len(marks)-1].ID
			if err := j.provisionSome(ctx, d, marks); err != nil {
				return err
			}
		}
	}
	return nil
}

// withoutAccount returns some people of a source who are to have an account
// ahead.
func (j *Job) withoutAccount(ctx context.Context, d Directory, row int64) ([]store.EntryMark, error) {
	if d.Config.Accounts != source.AccountsAhead {
		return nil, nil
	}
	last, err := j.lastReport(ctx, d.ID, "")
	if err != nil {
		return nil, err
	}
	if last == nil || last.Outcome == Stopped {
		return nil, nil // it may be a stranger's directory
	}
	barred := []string{string(source.Disabled), string(source.Expired)}
	marks, err := j.o.Store.EntriesWithoutAccount(ctx, d.ID, barred, row, idsAtOnce)
	if err != nil {
		return nil, fmt.Errorf("listing the people of source %q without an account: %w", d.Name, err)
	}
	return marks, nil
}

func (j *Job) provisionSome(ctx context.Context, d Directory, marks []store.EntryMark) error {
	for _, m := range marks {
		admitted, err := j.o.Admission.Admits(ctx, d.ID, m.ExternalID)
		if err != nil {
			return err
		}
		if !admitted {
			continue
		}
		if err := j.provisionPerson(ctx, d, m); err != nil {
			return err
		}
	}
	return nil
}

// provisionPerson makes the account of somebody who is still in the directory.
// A problem with the name is stored and no error.
func (j *Job) provisionPerson(ctx context.Context, d Directory, m store.EntryMark) error {
	waited, err := j.awaitKeys(ctx)
	if err != nil {
		return err
	}
	var found []source.Person
	complete, err := d.Reader.Pages(ctx, people(d.Config, []string{m.ExternalID}), d.Config.Attributes(), func(page []*ldap.Entry) error {
		for _, e := range page {
			if p, err := d.Config.Person(e, j.now()); err == nil {
				found = append(found, p)
			}
		}
		return nil
	})
	if err != nil || !complete {
		return fmt.Errorf("reading %s of source %q: %w", m.ExternalID, d.Name, errors.Join(err, ctx.Err()))
	}
	if len(found) != 1 || found[0].State.Barred() {
		return nil // the next run sees that too
	}
	user, err := j.o.Accounts.Adopt(ctx, account.SourceRef{ID: d.ID, Name: d.Name}, found[0])
	switch {
	case errors.Is(err, account.ErrInvalid), errors.Is(err, account.ErrTaken):
		j.o.Logger.Warn("no account made ahead", "source", d.Name, "user", found[0].Username, "err", err)
		return j.o.Store.SetEntryProblem(ctx, m.ID, err.Error())
	case err != nil:
		return fmt.Errorf("making the account of %q: %w", found[0].Username, err)
	}
	if err := j.o.Store.LinkEntry(ctx, m.ID, user.ID); err != nil {
		return fmt.Errorf("linking %q to the directory: %w", user.Username, err)
	}
	return j.rest(ctx, waited)
}

// awaitKeys waits until the pool of account keys is full, so that people who are
// waited for find some, and returns how long that took.
func (j *Job) awaitKeys(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	ticker := time.NewTicker(j.pace)
	defer ticker.Stop()
	for {
		ready, err := j.o.Keys(ctx)
		if err != nil {
			return 0, fmt.Errorf("looking for account keys: %w", err)
		}
		if ready {
			return time.Since(began), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-ticker.C:
		}
	}
}

// rest leaves the processor to others for as long as a key took.
func (j *Job) rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(max(d, j.pace))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
