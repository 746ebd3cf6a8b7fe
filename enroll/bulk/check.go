// SPDX-License-Identifier: GPL-3.0-or-later

package bulk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"jamibox/enroll/account"
	"jamibox/enroll/group"
)

// check returns everything that is wrong with the users of a file; the error is
// a fault of the server.
func (s *Service) check(ctx context.Context, rows []row) ([]Problem, error) {
	var problems []Problem
	seen := make(map[string]int, len(rows))
	groups := map[string]bool{}
	for _, r := range rows {
		note := func(column string, err error) {
			if err != nil {
				problems = append(problems, Problem{Line: r.Line, Column: column, Message: reason(err)})
			}
		}
		folded := account.Fold(r.Username)
		if first, twice := seen[folded]; twice && folded != "" {
			note(columnUsername, fmt.Errorf("%q is in line %d already", r.Username, first))
		} else {
			seen[folded] = r.Line
			err := s.accounts.CheckFree(ctx, r.Username)
			if err != nil && !errors.Is(err, account.ErrInvalid) && !errors.Is(err, account.ErrTaken) {
				return nil, err
			}
			note(columnUsername, err)
		}
		note(columnPassword, account.CheckPassword(r.Password))
		for column, p := range map[string]account.Profile{
			columnFirstName: {FirstName: r.FirstName}, columnLastName: {LastName: r.LastName}, columnEmail: {Email: r.Email},
			columnPhone: {Phone: r.Phone}, columnOrganization: {Organization: r.Organization},
		} {
			note(column, p.Check())
		}
		for _, name := range r.Groups {
			exists, known := groups[account.Fold(name)]
			if !known {
				_, err := s.groups.Get(ctx, name)
				if err != nil && !errors.Is(err, group.ErrNotFound) {
					return nil, err
				}
				exists = err == nil
				groups[account.Fold(name)] = exists
			}
			if !exists {
				note(columnGroups, fmt.Errorf("there is no group %q: make it first, or correct the name (several are separated by %s)", name, groupSeparator))
			}
		}
	}
	return problems, nil
}

// reason returns the text of an error without the words that say nothing to
// whoever sees line and column.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), account.ErrInvalid.Error()+": ")
}
