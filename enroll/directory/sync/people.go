// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/account"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

// cutOff is the reason where a directory gives none.
const cutOff = "the directory cut its answer off"

// textual returns what is asked for of everybody. Pictures would make gigabytes
// of it.
func textual(c source.Config) []string {
	return slices.DeleteFunc(c.Attributes(), func(a string) bool {
		return slices.ContainsFunc(c.Mapping.Picture, func(p string) bool { return strings.EqualFold(p, a) })
	})
}

// readPeople reads everybody, stores who is new or changed and lifts bars. It
// tells whether all were seen, else why not.
func (r *run) readPeople(ctx context.Context) (complete bool, reason string) {
	anonymous := 0
	complete, err := r.d.Reader.Pages(ctx, r.everyone, r.textual, func(page []*ldap.Entry) error {
		n, err := r.page(ctx, page)
		anonymous += n
		if err != nil {
			r.fault = err
		}
		return err
	})
	switch {
	case r.fault != nil:
		return false, ""
	case err != nil:
		return false, err.Error()
	case !complete:
		return false, cutOff
	case anonymous > 0:
		return false, fmt.Sprintf("%d entries show no stable id (%s), so that nobody can be told to be missing",
			anonymous, strings.Join(r.identifying, ", "))
	}
	return true, ""
}

// page takes up some entries and returns how many of them show no id.
func (r *run) page(ctx context.Context, entries []*ldap.Entry) (anonymous int, err error) {
	var people []source.Person
	var ids []string
	for _, e := range entries {
		p, err := r.d.Config.Person(e, r.now)
		if p.ExternalID != "" && r.wasSeen(p.ExternalID) {
			continue // below two bases
		}
		r.report.People++
		if p.ExternalID == "" {
			anonymous++
		} else {
			r.seen[r.hash(p.ExternalID)] = struct{}{}
		}
		if err != nil {
			r.report.Unusable++
			r.report.note(e.DN, ChangeUnusable, err.Error())
			continue
		}
		people = append(people, p)
		ids = append(ids, p.ExternalID)
	}
	marks, err := r.j.o.Store.EntryMarks(ctx, r.d.ID, ids)
	if err != nil {
		return anonymous, fmt.Errorf("reading entries of source %q: %w", r.d.Name, err)
	}
	users, err := r.j.o.Store.SourceUsersByExternalID(ctx, r.d.ID, ids)
	if err != nil {
		return anonymous, fmt.Errorf("reading users of source %q: %w", r.d.Name, err)
	}
	var rows []store.DirectoryEntry
	for _, p := range people {
		r.gather(p)
		row := r.entry(p)
		mark, known := marks[p.ExternalID]
		changed := !known || mark.MissingSince != nil || !bytes.Equal(mark.Digest, row.Digest)
		switch {
		case !known:
			r.report.New++
		case changed:
			r.report.Changed++
		default:
			r.report.Unchanged++
		}
		user, has := users[p.ExternalID]
		if has && user.State != store.UserRevoked {
			if err := r.judge(ctx, user, p.State); err != nil {
				return anonymous, err
			}
			if changed {
				// Its row is stored once the user has followed.
				r.stale = append(r.stale, p.ExternalID)
				continue
			}
		}
		if changed {
			rows = append(rows, row)
		}
	}
	if r.o.Dry {
		return anonymous, nil
	}
	if err := r.j.o.Store.SaveEntries(ctx, rows); err != nil {
		return anonymous, fmt.Errorf("storing entries of source %q: %w", r.d.Name, err)
	}
	return anonymous, nil
}

// judge compares what the directory says of a user with what was done about it.
// Bars wait until it is known how many there are; a bar is lifted at once.
func (r *run) judge(ctx context.Context, user store.SourceUser, s source.State) error {
	switch {
	case s.Barred() && user.BarredAt == nil:
		r.bars = append(r.bars, bar{user.ID, user.Username, s.Reason})
	case !s.Barred() && user.BarredAt != nil:
		r.report.Lifted++
		r.report.note(user.Username, ChangeLifted, "was: "+user.BarredReason)
		r.lifted[user.ID] = struct{}{}
		if r.o.Dry {
			return nil
		}
		_, err := r.j.o.Accounts.UnbarUser(ctx, user.ID)
		return err
	}
	return nil
}

// entry returns a person as stored.
func (r *run) entry(p source.Person) store.DirectoryEntry {
	e := store.DirectoryEntry{
		SourceID: r.d.ID, ExternalID: p.ExternalID, DN: p.DN, Username: p.Username, Folded: account.Fold(p.Username),
		FirstName: p.FirstName, LastName: p.LastName, DisplayName: p.DisplayName,
		Emails: strings.Join(p.Emails, "\n"), Phones: strings.Join(p.Phones, "\n"),
		Organization: p.Organization, Department: p.Department, Title: p.Title,
		State: string(p.State.Code), StateReason: p.State.Reason, SeenAt: r.now,
	}
	e.SearchText = account.SearchText(slices.Concat(p.Logins, []string{
		p.FirstName, p.LastName, p.DisplayName, p.Organization, p.Department, p.Title,
	}, p.Emails, p.Phones)...)
	sum := sha256.New()
	for _, text := range []string{
		e.DN, e.Username, e.FirstName, e.LastName, e.DisplayName, e.Emails, e.Phones, e.Organization, e.Department, e.Title,
		e.SearchText, e.State, e.StateReason,
	} {
		sum.Write([]byte(text))
		sum.Write([]byte{0})
	}
	e.Digest = sum.Sum(nil)[:16]
	return e
}
