// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCreateAndUpdate(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	g := f.group(t, " Élèves ", Change{Description: new(" the young ")})
	require.Equal(t, "Élèves", g.Name)
	require.Equal(t, "the young", g.Description)
	require.True(t, g.MayEnrol)
	require.Zero(t, g.DeviceLimit)
	require.Nil(t, g.Finds)
	require.Nil(t, g.Shows)
	f.group(t, "staff", Change{})

	changed, err := f.Update(ctx, "ÉLÈVES", Change{
		Name: new("pupils"), MayEnrol: new(false), DeviceLimit: new(2),
		Finds: &[]string{"STAFF", "élèves", "staff"}, Shows: &[]Field{FirstName, Picture},
	})
	require.NoError(t, err)
	got, err := f.Get(ctx, "Pupils")
	require.NoError(t, err)
	require.Equal(t, changed, got)
	require.Equal(t, g.ID, got.ID)
	require.Equal(t, "the young", got.Description, "not given, so it stays")
	require.Equal(t, []string{"pupils", "staff"}, got.Finds, "by name, also the group itself")
	require.Equal(t, []Field{FirstName, Picture}, got.Shows)
	require.False(t, got.MayEnrol)
	require.Equal(t, 2, got.DeviceLimit)

	nobody, err := f.Update(ctx, "pupils", Change{Finds: &[]string{}, Shows: &[]Field{}})
	require.NoError(t, err)
	require.Equal(t, []string{}, nobody.Finds)
	require.Equal(t, []Field{}, nobody.Shows)
	all, err := f.Update(ctx, "pupils", Change{Finds: new([]string), Shows: new([]Field)})
	require.NoError(t, err)
	require.Nil(t, all.Finds)
	require.Nil(t, all.Shows)

	groups, err := f.List(ctx)
	require.NoError(t, err)
	require.Len(t, groups, 2)
	require.Equal(t, "pupils", groups[0].Name)
}

func TestRefusedValues(t *testing.T) {
	f := newFixture(t)
	f.group(t, "staff", Change{})
	f.group(t, "pupils", Change{})
	for name, c := range map[string]struct {
		change Change
		want   error
		words  string
	}{
		"empty name":     {Change{Name: new(" ")}, ErrInvalid, "empty"},
		"invisible name": {Change{Name: new("\u2028")}, ErrInvalid, "empty"},
		"long name":      {Change{Name: new(strings.Repeat("é", 65))}, ErrInvalid, "65 characters"},
		"bytes":          {Change{Name: new("\xff")}, ErrInvalid, "UTF-8"},
		"control":        {Change{Name: new("a\x00b")}, ErrInvalid, "control character"},
		"taken":          {Change{Name: new("STAFF")}, ErrTaken, "STAFF"},
		"description":    {Change{Description: new(strings.Repeat("x", 501))}, ErrInvalid, "501"},
		"negative limit": {Change{DeviceLimit: new(-1)}, ErrInvalid, "-1"},
		"huge limit":     {Change{DeviceLimit: new(10_001)}, ErrInvalid, "10001"},
		"unknown field":  {Change{Shows: &[]Field{"shoe_size"}}, ErrInvalid, "shoe_size"},
		"unknown group":  {Change{Finds: &[]string{"staff", "nobody"}}, ErrInvalid, "nobody"},
	} {
		_, err := f.Update(t.Context(), "pupils", c.change)
		require.ErrorIs(t, err, c.want, name)
		require.ErrorContains(t, err, c.words, name)
		if c.change.Name == nil {
			c.change.Name = new("new")
		}
		_, err = f.Create(t.Context(), c.change)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err := f.Create(t.Context(), Change{})
	require.ErrorIs(t, err, ErrInvalid)
	_, err = f.Update(t.Context(), "nobody", Change{})
	require.ErrorIs(t, err, ErrNotFound)
	_, err = f.Get(t.Context(), "")
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, f.Remove(t.Context(), "nobody"), ErrNotFound)
	groups, err := f.List(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 2)
}

// TestRemove leaves users alone, and whoever finds the group finds nobody in it.
func TestRemove(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	alice := f.AddUser(t, "alice", nil)
	f.group(t, "staff", Change{}, "alice")
	f.group(t, "pupils", Change{Finds: &[]string{"staff"}})
	require.NoError(t, f.Map(ctx, "staff", "corp", "staff"))
	require.NoError(t, f.Remove(ctx, "Staff"))
	stored, err := f.Store.UserByID(ctx, alice.ID)
	require.NoError(t, err)
	require.Equal(t, alice.AccountID, stored.AccountID)
	groups, err := f.Of(ctx, alice.ID)
	require.NoError(t, err)
	require.Empty(t, groups)
	pupils, err := f.Get(ctx, "pupils")
	require.NoError(t, err)
	require.Equal(t, []string{}, pupils.Finds, "not everyone")
	mappings, err := f.Store.GroupMappings(ctx)
	require.NoError(t, err)
	require.Empty(t, mappings)
}
