// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func addPolicy(t *testing.T, s *Store, name string, priority int) Policy {
	t.Helper()
	p := Policy{Name: name, Folded: name, Priority: priority, Settings: "{}", CreatedAt: start, ChangedAt: start}
	require.NoError(t, s.AddPolicy(t.Context(), &p))
	return p
}

func addGroup(t *testing.T, s *Store, name string, policy *int64, members ...User) Group {
	t.Helper()
	g := Group{Name: name, Folded: name, PolicyID: policy, CreatedAt: start, ChangedAt: start}
	require.NoError(t, s.AddGroup(t.Context(), &g))
	for _, u := range members {
		require.NoError(t, s.AddGroupMember(t.Context(), GroupMember{GroupID: g.ID, UserID: u.ID}))
	}
	return g
}

func TestPolicies(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	zebra, apple, low := addPolicy(t, s, "zebra", 1), addPolicy(t, s, "apple", 1), addPolicy(t, s, "low", -1)
	rows, err := s.Policies(ctx)
	require.NoError(t, err)
	require.Equal(t, []Policy{low, apple, zebra}, rows)
	require.ErrorIs(t, s.AddPolicy(ctx, &Policy{Name: "LOW", Folded: "low"}), ErrExists)

	low.Name, low.Folded, low.Description, low.Priority, low.Settings, low.ChangedAt = "L", "l", "d", 7, `{"a":"b"}`, start.Add(1)
	require.NoError(t, s.UpdatePolicy(ctx, low))
	got, err := s.PolicyByName(ctx, "l")
	require.NoError(t, err)
	require.Equal(t, low, got)
	low.Folded = "apple"
	require.ErrorIs(t, s.UpdatePolicy(ctx, low), ErrExists)
	require.ErrorIs(t, s.UpdatePolicy(ctx, Policy{ID: 99, Folded: "x"}), ErrNotFound)
	_, err = s.PolicyByName(ctx, "low")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestPoliciesOf(t *testing.T) {
	s, path := open(t)
	ctx := t.Context()
	alice, bob := addUser(t, s, "alice"), addUser(t, s, "bob")
	high, low := addPolicy(t, s, "high", 1), addPolicy(t, s, "low", 0)
	first := addGroup(t, s, "first", &high.ID, alice, bob)
	addGroup(t, s, "second", &high.ID, alice)
	addGroup(t, s, "third", &low.ID, alice)
	addGroup(t, s, "fourth", nil, alice)
	of := func(u User) []Policy {
		rows, err := s.PoliciesOf(ctx, u.ID)
		require.NoError(t, err)
		return rows
	}
	require.Equal(t, []Policy{low, high}, of(alice), "each once")
	require.Equal(t, []Policy{high}, of(bob))

	groups, err := s.RemovePolicy(ctx, high.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second"}, groups)
	require.Len(t, of(bob), 1, "it is still there")
	first.PolicyID = nil
	require.NoError(t, s.UpdateGroup(ctx, first))
	require.Empty(t, of(bob))
	first.PolicyID = new(int64(99))
	require.ErrorIs(t, s.UpdateGroup(ctx, first), ErrReference)
	require.ErrorIs(t, s.AddGroup(ctx, &Group{Name: "x", Folded: "x", PolicyID: new(int64(99)), CreatedAt: start, ChangedAt: start}), ErrReference)
	third, err := s.GroupByName(ctx, "third")
	require.NoError(t, err)
	require.NoError(t, s.RemoveGroup(ctx, third.ID))
	groups, err = s.RemovePolicy(ctx, low.ID)
	require.NoError(t, err)
	require.Empty(t, groups)
	_, err = s.RemovePolicy(ctx, low.ID)
	require.ErrorIs(t, err, ErrNotFound)
	require.Equal(t, 2, count(t, path, "users"))
}
