// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/account"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

// cessationOfOperation is a CRLReason (RFC 5280, section 5.3.1): nobody says
// that a key was stolen.
const cessationOfOperation = 5

// barAll bars whom the directory does not want served.
func (r *run) barAll(ctx context.Context) error {
	for _, b := range r.bars {
		r.report.Barred++
		r.report.note(b.username, ChangeBarred, b.reason)
		if r.o.Dry {
			continue
		}
		if _, err := r.j.o.Accounts.BarUser(ctx, b.userID, b.reason); err != nil {
			return err
		}
	}
	return nil
}

// revoke revokes the devices of users who have been barred for the grace time.
// It is called only after an answer that is complete and credible, by which they
// are still to be barred.
func (r *run) revoke(ctx context.Context) error {
	before := r.j.now().Add(-r.settings.Grace.Duration())
	if r.report.GraceFrom.After(before) {
		return nil
	}
	users, err := r.j.o.Store.BarredWithDevices(ctx, r.d.ID, before)
	if err != nil {
		return fmt.Errorf("listing the barred users of source %q: %w", r.d.Name, err)
	}
	for _, u := range users {
		if _, lifted := r.lifted[u.ID]; lifted {
			continue // in a dry run the bar is still there
		}
		devices, err := r.j.o.Store.DevicesOf(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("listing the devices of %q: %w", u.Username, err)
		}
		n := 0
		for _, d := range devices {
			if d.RevokedAt != nil {
				continue
			}
			n++
			if r.o.Dry {
				continue
			}
			if err := r.j.o.Devices.Revoke(ctx, nil, d.DeviceID, cessationOfOperation); err != nil {
				return err
			}
		}
		r.report.Revoked += n
		r.report.note(u.Username, ChangeRevoked, fmt.Sprintf("%d devices; barred since %s: %s",
			n, u.BarredAt.UTC().Format(time.RFC3339), u.BarredReason))
	}
	return nil
}

// update brings the users of people who changed up to date. Their entries are
// stored only then, so that a run that is cut off here goes on the next time.
func (r *run) update(ctx context.Context) (complete bool, reason string, err error) {
	r.report.Updated = len(r.stale)
	if r.o.Dry {
		return true, "", nil
	}
	attributes := r.d.Config.Attributes()
	complete, reason, err = r.byID(ctx, r.stale, attributes, func(page []*ldap.Entry) error {
		var rows []store.DirectoryEntry
		for _, e := range page {
			p, err := r.d.Config.Person(e, r.now)
			if err != nil {
				continue // it was noted when all were read
			}
			row := r.entry(p)
			if row.Problem, err = r.adopt(ctx, p); err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return r.j.o.Store.SaveEntries(ctx, rows)
	})
	if err != nil || !complete || r.since.IsZero() || len(r.d.Config.Mapping.Picture) == 0 {
		return complete, reason, err
	}
	return r.updatePictures(ctx, attributes)
}

// modifiedMargin is by how much the clocks of box and directory may differ.
const modifiedMargin = time.Hour

// updatePictures looks at the users whose entries were modified since the last
// good run, since a picture alone does not show in what is read of everybody.
func (r *run) updatePictures(ctx context.Context, attributes []string) (complete bool, reason string, err error) {
	since := r.since.Add(-modifiedMargin).UTC()
	modified := since.Format("(modifyTimestamp>=20060102150405Z)")
	if r.d.Config.Kind == source.KindAD {
		modified = since.Format("(whenChanged>=20060102150405.0Z)")
	}
	var ids []string
	complete, asked := r.d.Reader.Pages(ctx, "(&"+r.everyone+modified+")", r.identifying, func(page []*ldap.Entry) error {
		var found []string
		for _, e := range page {
			found = append(found, r.d.Config.ID(e))
		}
		users, err := r.j.o.Store.SourceUsersByExternalID(ctx, r.d.ID, found)
		for id, u := range users {
			if u.State != store.UserRevoked {
				ids = append(ids, id)
			}
		}
		return err
	})
	if asked != nil || !complete {
		// The server may not keep that time; names and the rest are right.
		r.j.o.Logger.Debug("pictures not compared", "source", r.d.Name, "err", asked)
		return true, "", nil
	}
	return r.byID(ctx, ids, attributes, func(page []*ldap.Entry) error {
		for _, e := range page {
			if p, err := r.d.Config.Person(e, r.now); err == nil {
				if _, err := r.adopt(ctx, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// adopt gives a person's user name, profile and picture of the directory, and
// says what stands against the name.
func (r *run) adopt(ctx context.Context, p source.Person) (problem string, err error) {
	before, err := r.j.o.Store.UserBySource(ctx, r.d.ID, p.ExternalID)
	if err != nil {
		return "", fmt.Errorf("reading the user of %s: %w", p.DN, err)
	}
	after, err := r.j.o.Accounts.Adopt(ctx, r.ref(), p)
	switch {
	case errors.Is(err, account.ErrInvalid), errors.Is(err, account.ErrTaken):
		problem = err.Error()
	case err != nil:
		return "", err
	case after.Username != before.Username:
		r.report.Renamed++
		r.report.note(after.Username, ChangeRenamed, "was "+before.Username)
	case after.Folded != account.Fold(p.Username):
		problem = fmt.Sprintf("cannot be called %q as in the directory: the name is or was another user's, or no client could use it", p.Username)
	}
	if problem != "" {
		r.report.Problems++
		r.report.note(before.Username, ChangeProblem, problem)
	}
	return problem, nil
}
