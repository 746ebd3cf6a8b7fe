// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"context"
	"fmt"
	"slices"

	"jamibox/enroll/store"
)

// View is whom a person finds.
type View struct {
	// Everyone is set of a person who finds everyone, with or without a group.
	Everyone bool
	// Groups holds the ids of the groups whose members are found, in order.
	Groups []int64
}

// View returns whom a user finds: everyone if the user is in no group or in one
// that finds everyone, else the members of all that the user's groups find.
func (s *Service) View(ctx context.Context, userID int64) (View, error) {
	rows, err := s.store.GroupsOf(ctx, userID)
	if err != nil {
		return View{}, fmt.Errorf("listing the groups of a user: %w", err)
	}
	v := View{Everyone: len(rows) == 0, Groups: []int64{}}
	for _, row := range rows {
		finds, err := list[int64](row, row.Finds)
		if err != nil {
			return View{}, err
		}
		if finds == nil {
			return View{Everyone: true}, nil
		}
		v.Groups = append(v.Groups, finds...)
	}
	slices.Sort(v.Groups)
	v.Groups = slices.Compact(v.Groups)
	return v, nil
}

// Shown says what clients are shown of people.
type Shown struct{ hidden map[int64][]Field }

// Shows tells whether a field of a user is shown.
func (s Shown) Shows(userID int64, f Field) bool { return !slices.Contains(s.hidden[userID], f) }

// All tells whether everything of a user is shown.
func (s Shown) All(userID int64) bool { return len(s.hidden[userID]) == 0 }

// Shown returns what clients are shown of the users: what none of a user's
// groups hides.
func (s *Service) Shown(ctx context.Context, userIDs []int64) (Shown, error) {
	groups, err := s.store.Groups(ctx)
	if err != nil {
		return Shown{}, fmt.Errorf("listing groups: %w", err)
	}
	hides := map[int64][]Field{}
	for _, g := range groups {
		hidden, err := hiddenBy(g)
		if err != nil {
			return Shown{}, err
		}
		if len(hidden) > 0 {
			hides[g.ID] = hidden
		}
	}
	shown := Shown{hidden: map[int64][]Field{}}
	if len(hides) == 0 || len(userIDs) == 0 {
		return shown, nil
	}
	members, err := s.store.GroupIDs(ctx, userIDs)
	if err != nil {
		return Shown{}, fmt.Errorf("listing the groups of users: %w", err)
	}
	for user, ids := range members {
		for _, id := range ids {
			shown.hidden[user] = append(shown.hidden[user], hides[id]...)
		}
	}
	return shown, nil
}

func hiddenBy(g store.Group) ([]Field, error) {
	shows, err := list[Field](g, g.Shows)
	if shows == nil || err != nil {
		return nil, err
	}
	return slices.DeleteFunc(Fields(), func(f Field) bool { return slices.Contains(shows, f) }), nil
}
