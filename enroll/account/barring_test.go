// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/audit"
	"jamibox/enroll/store"
)

func TestBarring(t *testing.T) {
	f := newFixture(t)
	ctx := audit.With(t.Context(), audit.Actor{Name: "sync"})
	user := f.create(t, "alice")
	laptop, stolen := f.enrol(t, user, "laptop"), f.enrol(t, user, "stolen")
	require.NoError(t, f.Box.Store.RevokeDevice(ctx, stolen.ID, user.AccountID, 1, user.CreatedAt))
	token, err := f.IssueUserToken(ctx, user)
	require.NoError(t, err)

	fresh, err := f.BarUser(ctx, user.ID, "disabled in the directory")
	require.NoError(t, err)
	require.True(t, fresh)
	require.True(t, f.bar.denied[laptop.DeviceID])
	_, err = f.Bearer(ctx, token)
	require.ErrorIs(t, err, ErrToken)
	_, err = f.Authenticate(ctx, "alice", password)
	require.ErrorIs(t, err, ErrCredentials)
	fresh, err = f.BarUser(ctx, user.ID, "gone")
	require.NoError(t, err)
	require.False(t, fresh)
	barred, err := f.Find(ctx, "alice")
	require.NoError(t, err)
	require.Equal(t, []any{"gone", store.UserActive}, []any{barred.BarredReason, barred.State})

	lifted, err := f.UnbarUser(ctx, user.ID)
	require.NoError(t, err)
	require.True(t, lifted)
	require.False(t, f.bar.denied[laptop.DeviceID])
	require.True(t, f.bar.denied[stolen.DeviceID], "a revoked device stays refused")
	_, err = f.Authenticate(ctx, "alice", password)
	require.NoError(t, err)
	lifted, err = f.UnbarUser(ctx, user.ID)
	require.NoError(t, err)
	require.False(t, lifted)

	entries, err := f.Box.Store.Audit(ctx, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"bar lifted", "sync", "gone"}, []string{entries[0].Action, entries[0].Actor, entries[0].Detail})
	require.Equal(t, "user barred", entries[1].Action)
	_, err = f.BarUser(ctx, 999, "x")
	require.ErrorIs(t, err, ErrNotFound)
	_, err = f.UnbarUser(ctx, 999)
	require.ErrorIs(t, err, ErrNotFound)
}

// TestBarringAndDisabling keeps the words of directory and administrator apart.
func TestBarringAndDisabling(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	user := f.create(t, "alice")
	laptop := f.enrol(t, user, "laptop")
	require.NoError(t, f.SetEnabled(ctx, "alice", false))
	_, err := f.BarUser(ctx, user.ID, "disabled")
	require.NoError(t, err)
	_, err = f.UnbarUser(ctx, user.ID)
	require.NoError(t, err)
	require.True(t, f.bar.denied[laptop.DeviceID], "an administrator's word stays")
	require.NoError(t, f.SetEnabled(ctx, "alice", true))
	require.False(t, f.bar.denied[laptop.DeviceID])
}
