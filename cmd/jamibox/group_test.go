// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/admin"
	"jamibox/enroll/group"
)

func TestGroupCommands(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	for _, user := range []string{"alice", "..", "bob"} {
		b.addUser(t, user)
	}
	var g admin.Group
	b.runJSON(t, &g, "group", "add", "staff", "--description", "those who work here")
	require.True(t, g.MayEnrol)
	require.Nil(t, g.Finds)
	require.Nil(t, g.Shows)
	b.runJSON(t, &g, "group", "add", "Élèves / 1", "--device-limit", "2", "--finds", "staff", "--shows", "first_name,picture", "--may-enrol=false")
	require.False(t, g.MayEnrol)
	require.Equal(t, 2, g.DeviceLimit)
	require.Equal(t, []string{"staff"}, g.Finds)
	require.Equal(t, []group.Field{group.FirstName, group.Picture}, g.Shows)
	requireFailure(t, b.run(t, "group", "add", "STAFF"), 1, "another group has this name")

	require.Zero(t, b.run(t, "group", "member", "add", "élèves / 1", "alice", "..").code)
	requireFailure(t, b.run(t, "group", "member", "add", "staff", "alice", "nobody"), 1, "there is no such user")
	r := b.run(t, "group", "member", "list", "élèves / 1")
	require.Zero(t, r.code, r.stderr)
	require.Regexp(t, `(?s)\.\. +active.*hand.*alice +active.*hand`, r.stdout)
	require.Zero(t, b.run(t, "group", "member", "remove", "élèves / 1", "..").code)
	requireFailure(t, b.run(t, "group", "member", "remove", "élèves / 1", ".."), 1, "by hand")

	r = b.run(t, "group", "set", "élèves / 1", "--name", "pupils", "--finds", "none", "--shows", "all", "--device-limit", "0")
	require.Zero(t, r.code, r.stderr)
	for _, words := range []string{"group         pupils", "device limit  none", "finds         none", "shows         all", "may enrol     no", "members       1"} {
		require.Contains(t, r.stdout, words)
	}
	b.runJSON(t, &g, "group", "set", "pupils", "--finds", "everyone", "--shows", "none")
	require.Nil(t, g.Finds)
	require.Equal(t, []group.Field{}, g.Shows)
	requireFailure(t, b.run(t, "group", "set", "pupils"), 2, "nothing to change")
	requireFailure(t, b.run(t, "group", "set", "pupils", "--shows", "shoe_size"), 1, "shoe_size")
	require.Regexp(t, `(?s)pupils +1 +no +none +everyone +none +0.*staff +1 +yes`, b.run(t, "group", "list").stdout)

	require.Equal(t, "everyone\n", b.run(t, "group", "admission").stdout)
	require.Equal(t, "groups\n", b.run(t, "group", "admission", "groups").stdout)
	require.Equal(t, "groups\n", b.run(t, "group", "admission").stdout)
	requireFailure(t, b.run(t, "group", "admission", "nobody"), 1, "everyone or groups")

	requireFailure(t, b.run(t, "group", "map", "staff", "nowhere", "x"), 1, `no source "nowhere"`)
	requireFailure(t, b.run(t, "group", "map", "staff", "local", "x"), 1, "saw no group")
	requireFailure(t, b.run(t, "group", "unmap", "staff", "local", "x"), 1, "saw no group")
	require.Equal(t, "[]\n", b.run(t, "group", "available", "local", "--json").stdout)
	require.Zero(t, b.run(t, "group", "remove", "pupils").code)
	requireFailure(t, b.run(t, "group", "show", "pupils"), 1, "no such group")
	require.Equal(t, 2, b.run(t, "group", "member", "add", "staff").code)
	require.Equal(t, 2, b.run(t, "group", "show", "").code)
}
