// SPDX-License-Identifier: GPL-3.0-or-later

package bulk

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"jamibox/enroll/store"
)

const usersAtOnce = 500

// Export writes the users whom this box keeps itself, without revoked ones, as
// a CSV file in the order of their names. There are no passwords in it: with a
// column for them it can be imported elsewhere. Values that a spreadsheet would
// take for a formula begin with an apostrophe, which Import takes away again.
func (s *Service) Export(ctx context.Context, to io.Writer) error {
	if _, err := io.WriteString(to, byteOrderMark); err != nil { // for spreadsheets
		return err
	}
	w := csv.NewWriter(to)
	header := slices.DeleteFunc(columns(), func(c string) bool { return c == columnPassword })
	if err := w.Write(header); err != nil {
		return err
	}
	names, err := s.groupNames(ctx)
	if err != nil {
		return err
	}
	here := int64(0)
	query := store.UserQuery{
		Source: &here, States: []store.UserState{store.UserActive, store.UserDisabled}, Limit: usersAtOnce,
	}
	for {
		users, err := s.store.Users(ctx, query)
		if err != nil {
			return fmt.Errorf("reading users: %w", err)
		}
		ids := make([]int64, len(users))
		for i, u := range users {
			ids[i] = u.ID
		}
		members, err := s.store.GroupIDs(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading the groups of users: %w", err)
		}
		for _, u := range users {
			var groups []string
			for _, id := range members[u.ID] {
				groups = append(groups, names[id])
			}
			slices.Sort(groups)
			fields := []string{u.Username, u.FirstName, u.LastName, u.Email, u.Phone, u.Organization, strings.Join(groups, groupSeparator)}
			for i, f := range fields {
				fields[i] = inert(f)
			}
			if err := w.Write(fields); err != nil {
				return err
			}
		}
		if len(users) < usersAtOnce {
			w.Flush()
			return w.Error()
		}
		query.Offset += usersAtOnce
	}
}

func (s *Service) groupNames(ctx context.Context) (map[int64]string, error) {
	groups, err := s.groups.List(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[int64]string, len(groups))
	for _, g := range groups {
		names[g.ID] = g.Name
	}
	return names, nil
}
