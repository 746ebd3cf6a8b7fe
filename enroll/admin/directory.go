// SPDX-License-Identifier: GPL-3.0-or-later

package admin

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

// DirectoryPerson is a person of a directory as the last synchronisation saw
// the entry, with or without an account.
type DirectoryPerson struct {
	Source       string   `json:"source"`
	ExternalID   string   `json:"external_id"`
	DN           string   `json:"dn"`
	Username     string   `json:"username"`
	FirstName    string   `json:"first_name"`
	LastName     string   `json:"last_name"`
	DisplayName  string   `json:"display_name"`
	Emails       []string `json:"emails"`
	Phones       []string `json:"phones"`
	Organization string   `json:"organization"`
	Department   string   `json:"department"`
	Title        string   `json:"title"`
	State        string   `json:"state"`
	StateReason  string   `json:"state_reason"`
	// Account is the username here, AccountID the Jami id; empty without one.
	Account      string     `json:"account"`
	AccountID    string     `json:"account_id"`
	Problem      string     `json:"problem"`
	SeenAt       time.Time  `json:"seen_at"`
	MissingSince *time.Time `json:"missing_since,omitempty"`
}

// DirectoryGroup is a group of a directory, which a group here can be mapped to.
type DirectoryGroup struct {
	Key  string `json:"key"`
	DN   string `json:"dn"`
	Name string `json:"name"`
}

func (f *Face) mountDirectory(r fiber.Router) {
	r.Get("/directory", f.listDirectory)
	r.Get("/directory/groups", f.listDirectoryGroups)
}

// listDirectory answers with a page of the people of one source or of all.
func (f *Face) listDirectory(c *fiber.Ctx) error {
	page, err := queryNumber(c, "page", 0, 0, maxPage)
	if err != nil {
		return err
	}
	text := c.Query("query")
	if utf8.RuneCountInString(text) > maxQueryRunes {
		return badRequest{fmt.Sprintf("query: at most %d characters are expected", maxQueryRunes)}
	}
	q := store.EntryQuery{Words: strings.Fields(account.FoldText(text)), Offset: page * usersPerPage, Limit: usersPerPage}
	if number := account.SearchedNumber(text); number != "" {
		q.Words = []string{number}
	}
	if c.Query("source") != "" {
		src, err := f.querySource(c)
		if err != nil {
			return err
		}
		q.SourceID = src.ID
	}
	entries, total, err := f.Store.Entries(c.UserContext(), q)
	if err != nil {
		return err
	}
	sources, err := f.Store.Sources(c.UserContext())
	if err != nil {
		return err
	}
	names := make(map[int64]string, len(sources))
	for _, s := range sources {
		names[s.ID] = s.Name
	}
	people := make([]DirectoryPerson, len(entries))
	for i, e := range entries {
		people[i] = DirectoryPerson{
			Source: names[e.SourceID], ExternalID: e.ExternalID, DN: e.DN, Username: e.Username,
			FirstName: e.FirstName, LastName: e.LastName, DisplayName: e.DisplayName,
			Emails: lines(e.Emails), Phones: lines(e.Phones),
			Organization: e.Organization, Department: e.Department, Title: e.Title,
			State: e.State, StateReason: e.StateReason, Account: e.AccountName, AccountID: e.AccountID,
			Problem: e.Problem, SeenAt: e.SeenAt, MissingSince: e.MissingSince,
		}
	}
	return c.JSON(fiber.Map{"people": people, "total": total})
}

// querySource returns the source that the query names.
func (f *Face) querySource(c *fiber.Ctx) (store.Source, error) {
	name := c.Query("source")
	src, err := f.Store.SourceByName(c.UserContext(), account.Fold(name))
	if errors.Is(err, store.ErrNotFound) {
		return src, badRequest{fmt.Sprintf("source: there is no source %q", name)}
	}
	return src, err
}

// listDirectoryGroups answers with the groups of a source.
func (f *Face) listDirectoryGroups(c *fiber.Ctx) error {
	src, err := f.querySource(c)
	if err != nil {
		return err
	}
	groups, err := f.Store.DirectoryGroups(c.UserContext(), src.ID)
	if err != nil {
		return err
	}
	list := make([]DirectoryGroup, len(groups))
	for i, g := range groups {
		list[i] = DirectoryGroup{Key: g.GroupKey, DN: g.DN, Name: g.Name}
	}
	return c.JSON(fiber.Map{"groups": list})
}

// lines returns the values that the store keeps as lines.
func lines(text string) []string {
	if text == "" {
		return []string{}
	}
	return strings.Split(text, "\n")
}
