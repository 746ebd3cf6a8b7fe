// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"context"
	"fmt"
	"log/slog"

	"jamibox/enroll/group"
	"jamibox/enroll/store"
)

// PageSize is how many people one answer holds. Clients ask for no further
// pages: whoever finds this many has to type more.
const PageSize = 50

// Person is one that was found. What the person's groups hide is empty.
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
type Directory struct {
	store  *store.Store
	groups *group.Service
	asker  *asker
	cache  *cache
}

// New returns the directory. Without live, which may be nil, the users of the
// box alone are searched.
func New(s *store.Store, groups *group.Service, live Live, logger *slog.Logger) *Directory {
	return &Directory{store: s, groups: groups, asker: newAsker(live, logger), cache: newCache()}
}

// Search returns a page (from 0) of the people who match and whom the searcher
// may find, by source and then by username. Directories are asked as well, for
// those whose entry changed since the last synchronisation. counted asks for the
// number of pages, which costs a second look through everyone. An answer may be
// some seconds old.
func (d *Directory) Search(ctx context.Context, searcher store.User, q Query, page int, counted bool) (Page, error) {
	if q.none {
		return Page{Pages: 1}, nil
	}
	view, err := d.groups.View(ctx, searcher.ID)
	if err != nil {
		return Page{Pages: 1}, err
	}
	key := cacheKey{query: q.raw, page: page, counted: counted, view: fmt.Sprint(view)}
	h, cached := d.cache.get(key)
	if !cached {
		if h, err = d.find(ctx, view, q, page, counted); err != nil {
			return Page{Pages: 1}, err
		}
		d.cache.put(key, h)
	}
	people, err := d.show(ctx, q, h.users)
	return Page{People: people, Pages: h.pages}, err
}

// show returns what the searcher is shown of users. Who only matches by what is
// hidden is left out, or a phone number would tell whose it is.
func (d *Directory) show(ctx context.Context, q Query, users []store.User) ([]Person, error) {
	ids := make([]int64, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	shown, err := d.groups.Shown(ctx, ids)
	if err != nil {
		return nil, err
	}
	pictures, err := d.store.Pictures(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading pictures: %w", err)
	}
	var people []Person
	for _, u := range users {
		p := Person{User: u, Picture: pictures[u.ID]}
		if !shown.All(u.ID) {
			p.hide(func(f group.Field) bool { return shown.Shows(u.ID, f) })
			if !q.matches(p.User) {
				continue
			}
		}
		people = append(people, p)
	}
	return people, nil
}

// hide empties what shows does not allow.
func (p *Person) hide(shows func(group.Field) bool) {
	u := &p.User
	if !shows(group.FirstName) {
		u.FirstName, u.DisplayName = "", ""
	}
	if !shows(group.LastName) {
		u.LastName, u.DisplayName = "", ""
	}
	if !shows(group.Organization) {
		u.Organization, u.Department, u.Title = "", "", ""
	}
	if !shows(group.Phone) {
		u.Phone, u.Mobile = "", ""
	}
	if !shows(group.Email) {
		u.Email = ""
	}
	if !shows(group.Picture) {
		p.Picture = nil
	}
}
