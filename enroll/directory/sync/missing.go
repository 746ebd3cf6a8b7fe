// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

const (
	// rowsAtOnce are read of the store at a time.
	rowsAtOnce = 1000
	// idsAtOnce go into one filter.
	idsAtOnce = 40
)

// settled is how old an account must be before its person can be missing: who is
// new in a directory may not have reached each of its servers, nor the pages that
// were read when the account was made.
const settled = time.Hour

// gone is the reason of a bar of somebody who is missing.
const gone = "the directory does not have the person any more"

// judgeMissing finds the users whom a complete answer lacks. Each is looked for
// once more by the id, for somebody who was moved while the pages were read was
// in none of them; where that cannot be done the answer is not complete.
func (r *run) judgeMissing(ctx context.Context, complete *bool, reason *string) error {
	missing := make(map[string]store.SourceUser)
	for row := int64(0); ; {
		users, err := r.j.o.Store.SourceUsersAfter(ctx, r.d.ID, row, rowsAtOnce)
		if err != nil {
			return fmt.Errorf("reading the users of source %q: %w", r.d.Name, err)
		}
		if len(users) == 0 {
			break
		}
		for _, u := range users {
			if u.BarredAt == nil && u.ExternalID != "" && !r.wasSeen(u.ExternalID) && u.CreatedAt.Before(r.now.Add(-settled)) {
				missing[u.ExternalID] = u
			}
		}
		row = users[len(users)-1].ID
	}
	if err := r.confirm(ctx, missing, complete, reason); err != nil || !*complete {
		return err
	}
	var bars []bar
	for _, u := range missing {
		bars = append(bars, bar{u.ID, u.Username, gone})
	}
	slices.SortFunc(bars, func(a, b bar) int { return strings.Compare(a.username, b.username) })
	r.bars = append(r.bars, bars...)
	return nil
}

// confirm takes out of missing who is there after all.
func (r *run) confirm(ctx context.Context, missing map[string]store.SourceUser, complete *bool, reason *string) error {
	if _, why, err := r.incredible(ctx, len(missing)); err != nil || why != "" {
		return err // the run is stopped, and nobody barred
	}
	ids := make([]string, 0, len(missing))
	for id := range missing {
		ids = append(ids, id)
	}
	var err error
	*complete, *reason, err = r.byID(ctx, ids, r.identifying, func(page []*ldap.Entry) error {
		for _, e := range page {
			id := r.d.Config.ID(e)
			delete(missing, id)
			r.seen[r.hash(id)] = struct{}{}
		}
		return nil
	})
	return err
}

// byID hands the entries of people with the given ids to each. The error is the
// one of each; otherwise it tells whether the answers were complete, and why not.
func (r *run) byID(ctx context.Context, ids, attributes []string, each func([]*ldap.Entry) error) (complete bool, reason string, err error) {
	for some := range slices.Chunk(ids, idsAtOnce) {
		complete, asked := r.d.Reader.Pages(ctx, people(r.d.Config, some), attributes, func(page []*ldap.Entry) error {
			err = each(page)
			return err
		})
		switch {
		case err != nil:
			return false, "", err
		case asked != nil:
			return false, asked.Error(), nil
		case !complete:
			return false, cutOff, nil
		}
	}
	return true, "", nil
}

// people returns the filter that finds the people with these ids.
func people(c source.Config, ids []string) string {
	var any strings.Builder
	for _, id := range ids {
		any.WriteString(c.IDFilter(id))
	}
	return "(&" + c.SearchFilter(nil) + "(|" + any.String() + "))"
}

// missEntries marks the stored entries that a complete answer lacks.
func (r *run) missEntries(ctx context.Context) error {
	stored, _, err := r.j.o.Store.CountEntries(ctx, r.d.ID)
	if err != nil {
		return fmt.Errorf("counting the entries of source %q: %w", r.d.Name, err)
	}
	if !r.o.Dry && stored == r.report.New+r.report.Changed+r.report.Unchanged {
		return nil // as nearly always
	}
	for row := int64(0); ; {
		marks, err := r.j.o.Store.EntriesAfter(ctx, r.d.ID, row, rowsAtOnce)
		if err != nil {
			return fmt.Errorf("reading the entries of source %q: %w", r.d.Name, err)
		}
		if len(marks) == 0 {
			return nil
		}
		var missing []int64
		for _, m := range marks {
			if m.MissingSince == nil && !r.wasSeen(m.ExternalID) {
				missing = append(missing, m.ID)
			}
		}
		r.report.Missing += len(missing)
		if !r.o.Dry && len(missing) > 0 {
			if err := r.j.o.Store.MissEntries(ctx, missing, r.now); err != nil {
				return fmt.Errorf("marking the missing entries of source %q: %w", r.d.Name, err)
			}
		}
		row = marks[len(marks)-1].ID
	}
}
