// SPDX-License-Identifier: GPL-3.0-or-later

package group

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMayEnrol(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.AddUser(t, "nowhere", nil)
	f.AddUser(t, "in", nil)
	f.AddUser(t, "out", nil)
	f.AddUser(t, "both", nil)
	f.person(t, "mapped")
	f.group(t, "may", Change{}, "in", "both")
	f.group(t, "may not", Change{MayEnrol: new(false)}, "out", "both")
	require.NoError(t, f.Map(ctx, "may", "corp", "staff"))
	f.synced(t, "1", "mapped")

	for _, c := range []struct {
		admission Admission
		refused   map[string]string
	}{
		{"", map[string]string{"out": "none of your groups"}},
		{Everyone, map[string]string{"out": "none of your groups"}},
		{ByGroup, map[string]string{"out": "none of your groups", "nowhere": "you are in none"}},
		{Everyone, map[string]string{"out": "none of your groups"}},
	} {
		if c.admission != "" {
			require.NoError(t, f.SetAdmission(ctx, c.admission))
		}
		for _, name := range []string{"nowhere", "in", "out", "both", "mapped"} {
			user, err := f.Store.UserByName(ctx, name)
			require.NoError(t, err)
			err = f.MayEnrol(ctx, user)
			if words, refused := c.refused[name]; refused {
				require.ErrorIs(t, err, ErrNotAdmitted, "%s, %s", c.admission, name)
				require.ErrorContains(t, err, words)
			} else {
				require.NoError(t, err, "%s, %s", c.admission, name)
			}
		}
	}
	require.ErrorIs(t, f.SetAdmission(ctx, "nobody"), ErrInvalid)
	a, err := f.Admission(ctx)
	require.NoError(t, err)
	require.Equal(t, Everyone, a)
}

func TestDeviceLimit(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"none", "one", "several", "free"} {
		f.AddUser(t, name, nil)
	}
	f.group(t, "1", Change{DeviceLimit: new(1)}, "one", "several")
	f.group(t, "2", Change{DeviceLimit: new(2)}, "several")
	f.group(t, "3", Change{DeviceLimit: new(3)}, "several", "free")
	f.group(t, "any", Change{}, "free")
	for name, want := range map[string]int{"none": 0, "one": 1, "several": 3, "free": 0} {
		user, err := f.Store.UserByName(t.Context(), name)
		require.NoError(t, err)
		got, err := f.DeviceLimit(t.Context(), user)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
}
