// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestView(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	for _, name := range []string{"nowhere", "pupil", "singer", "monk", "tutor"} {
		f.AddUser(t, name, nil)
	}
	staff := f.group(t, "staff", Change{Finds: &[]string{}}, "monk", "tutor")
	pupils := f.group(t, "pupils", Change{}, "pupil", "singer", "tutor")
	_, err := f.Update(ctx, "pupils", Change{Finds: &[]string{"pupils", "staff"}})
	require.NoError(t, err)
	f.group(t, "choir", Change{}, "singer")
	for name, want := range map[string]View{
		"nowhere": {Everyone: true, Groups: []int64{}},
		"pupil":   {Groups: []int64{staff.ID, pupils.ID}},
		"singer":  {Everyone: true},
		"monk":    {Groups: []int64{}},
		"tutor":   {Groups: []int64{staff.ID, pupils.ID}},
	} {
		user, err := f.Store.UserByName(ctx, name)
		require.NoError(t, err)
		got, err := f.View(ctx, user.ID)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
}

func TestShown(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	free, boss := f.AddUser(t, "free", nil), f.AddUser(t, "boss", nil)
	both, ghost := f.AddUser(t, "both", nil), f.AddUser(t, "ghost", nil)
	ids := []int64{free.ID, boss.ID, both.ID, ghost.ID}
	shown, err := f.Shown(ctx, ids)
	require.NoError(t, err)
	require.True(t, shown.All(boss.ID))
	f.group(t, "all", Change{}, "free", "both")
	f.group(t, "bosses", Change{Shows: &[]Field{FirstName, LastName, Organization}}, "boss", "both")
	f.group(t, "no mail", Change{Shows: &[]Field{FirstName, Picture, Phone}}, "both")
	f.group(t, "ghosts", Change{Shows: &[]Field{}}, "ghost")
	shown, err = f.Shown(ctx, ids)
	require.NoError(t, err)
	for id, want := range map[int64][]Field{
		free.ID: Fields(), boss.ID: {FirstName, LastName, Organization}, both.ID: {FirstName}, ghost.ID: nil, 999: Fields(),
	} {
		var got []Field
		for _, field := range Fields() {
			if shown.Shows(id, field) {
				got = append(got, field)
			}
		}
		require.Equal(t, want, got)
		require.Equal(t, len(want) == len(Fields()), shown.All(id))
	}
}
