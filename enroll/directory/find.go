// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"jamibox/enroll/directory/source"
	"jamibox/enroll/group"
	"jamibox/enroll/store"
)

// find looks for people in the users of the box and, for the first page, in the
// directories at the same time.
func (d *Directory) find(ctx context.Context, view group.View, q Query, page int, counted bool) (hit, error) {
	h := hit{pages: 1}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	waiting, answers := 0, (<-chan found)(nil)
	if page == 0 && len(q.live) > 0 {
		waiting, answers = d.asker.ask(ctx, q.live, PageSize)
	}
	order, err := d.order(ctx)
	if err != nil {
		return h, err
	}
	query := store.UserQuery{
		AnyOf: q.anyOf, States: []store.UserState{store.UserActive}, Unbarred: true,
	}
	if !view.Everyone {
		query.Groups = view.Groups
	}
	if h.users, err = d.indexed(ctx, query, order, page*PageSize); err != nil {
		return h, fmt.Errorf("searching users: %w", err)
	}
	if counted {
		n, err := d.store.CountUsers(ctx, query)
		if err != nil {
			return h, fmt.Errorf("counting users: %w", err)
		}
		h.pages = max(1, (n+PageSize-1)/PageSize)
	}
	// A full page needs no more; what is still asked ends with ctx.
	for ; waiting > 0 && len(h.users) < PageSize; waiting-- {
		select {
		case f := <-answers:
			if err := d.add(ctx, &h, query, f); err != nil {
				return h, err
			}
		case <-ctx.Done():
			return h, fmt.Errorf("searching directories: %w", ctx.Err())
		}
	}
	slices.SortStableFunc(h.users, func(a, b store.User) int {
		return cmp.Or(cmp.Compare(slices.Index(order, sourceOf(a)), slices.Index(order, sourceOf(b))), cmp.Compare(a.Folded, b.Folded))
	})
	h.users = h.users[:min(len(h.users), PageSize)]
	return h, nil
}

// order returns the ids of the sources in their order, 0 for the box itself.
func (d *Directory) order(ctx context.Context) ([]int64, error) {
	sources, err := d.store.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing sources: %w", err)
	}
	order := make([]int64, len(sources))
	for i, s := range sources {
		if s.Kind != string(source.KindLocal) {
			order[i] = s.ID
		}
	}
	return order, nil
}

func sourceOf(u store.User) int64 {
	if u.SourceID == nil {
		return 0
	}
	return *u.SourceID
}

// indexed returns a page of the users that match, source by source, which is
// the order of the index.
func (d *Directory) indexed(ctx context.Context, query store.UserQuery, order []int64, offset int) ([]store.User, error) {
	var users []store.User
	for _, id := range order {
		query.Source = &id
		if offset > 0 {
			n, err := d.store.CountUsers(ctx, query)
			if err != nil {
				return nil, err
			}
			if n <= offset {
				offset -= n
				continue
			}
		}
		query.Offset, query.Limit = offset, PageSize-len(users)
		rows, err := d.store.Users(ctx, query)
		if err != nil {
			return nil, err
		}
		if users = append(users, rows...); len(users) == PageSize {
			break
		}
		offset = 0
	}
	return users, nil
}

// add adds the users whom a directory found and who are not there yet.
func (d *Directory) add(ctx context.Context, h *hit, query store.UserQuery, f found) error {
	if len(f.ids) == 0 {
		return nil
	}
	// The directory has said that they match.
	query.AnyOf, query.Source, query.ExternalIDs, query.Limit = nil, &f.source, f.ids, PageSize
	users, err := d.store.Users(ctx, query)
	if err != nil {
		return fmt.Errorf("looking for the users of directory entries: %w", err)
	}
	for _, u := range users {
		if !slices.ContainsFunc(h.users, func(known store.User) bool { return known.ID == u.ID }) {
			h.users = append(h.users, u)
		}
	}
	return nil
}
