// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"context"
	"fmt"

	"jamibox/enroll/store"
)

// PageSize is how many people one answer holds. Clients ask for no further
// pages: whoever finds this many has to type more.
const PageSize = 50

// Person is one that was found.
type Person struct {
	User    store.User
	Picture []byte
}

// Page is a part of the people found.
type Page struct {
	People []Person
	// Pages is how many pages there are in all; 1 if there is nobody.
	Pages int
}

// Directory searches the users of the box. It is safe for concurrent use.
type Directory struct{ store *store.Store }

// New returns the directory.
func New(s *store.Store) *Directory { return &Directory{store: s} }

// Search returns a page (from 0) of the people who match, in the order of
// their usernames. counted asks for the number of pages, which costs a second
// look through everyone.
func (d *Directory) Search(ctx context.Context, q Query, page int, counted bool) (Page, error) {
	result := Page{Pages: 1}
	if q.none {
		return result, nil
	}
	query := store.UserQuery{
		AnyOf: q.anyOf, States: []store.UserState{store.UserActive},
		Offset: page * PageSize, Limit: PageSize,
	}
	users, err := d.store.Users(ctx, query)
	if err != nil {
		return result, fmt.Errorf("searching users: %w", err)
	}
	if counted {
		n, err := d.store.CountUsers(ctx, query)
		if err != nil {
			return result, fmt.Errorf("counting users: %w", err)
		}
		result.Pages = max(1, (n+PageSize-1)/PageSize)
	}
	ids := make([]int64, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	pictures, err := d.store.Pictures(ctx, ids)
	if err != nil {
		return result, fmt.Errorf("reading pictures: %w", err)
	}
	for _, u := range users {
		result.People = append(result.People, Person{User: u, Picture: pictures[u.ID]})
	}
	return result, nil
}
