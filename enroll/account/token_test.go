// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/store"
)

func TestBearer(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	alice := f.AddUser(t, "alice", nil)
	laptop := f.enrol(t, alice, "laptop")
	phone := f.enrol(t, alice, "phone")
	give := func(d *store.Device) string {
		if d == nil {
			token, err := f.IssueUserToken(ctx, alice)
			require.NoError(t, err)
			return token
		}
		token, hash := NewToken()
		require.NoError(t, f.Box.Store.AddToken(ctx, store.Token{
			TokenHash: hash, UserID: alice.ID, DeviceRow: &d.ID, Scope: ScopeDevice, ExpiresAt: f.now().Add(TokenLifetime).UTC(),
		}))
		return token
	}
	refused := func(token string) {
		t.Helper()
		_, err := f.Bearer(ctx, token)
		require.ErrorIs(t, err, ErrToken)
	}
	user, device := give(nil), give(&laptop)
	require.Len(t, user, 43)
	require.NotEqual(t, user, give(nil))

	b, err := f.Bearer(ctx, user)
	require.NoError(t, err)
	require.Equal(t, ScopeUser, b.Token.Scope)
	require.Equal(t, alice.ID, b.User.ID)
	require.Zero(t, b.Device)
	b, err = f.Bearer(ctx, device)
	require.NoError(t, err)
	require.Equal(t, ScopeDevice, b.Token.Scope)
	require.Equal(t, laptop.ID, b.Device.ID)

	for _, bad := range []string{"", "x", user + "x", user[1:], "' OR 1=1 --"} {
		refused(bad)
	}

	f.now = func() time.Time { return time.Now().Add(TokenLifetime + time.Second) }
	refused(user)
	refused(device)
	f.now = time.Now

	require.NoError(t, f.SetPassword(ctx, "alice", password))
	refused(user)
	_, err = f.Bearer(ctx, device)
	require.NoError(t, err, "devices go on after a change of the password")

	phoneToken := give(&phone)
	require.NoError(t, f.Box.Store.RevokeDevice(ctx, laptop.ID, alice.AccountID, 0, time.Now()))
	refused(device)
	refused(give(&laptop)) // one that was made at the same moment
	_, err = f.Bearer(ctx, phoneToken)
	require.NoError(t, err)

	require.NoError(t, f.SetEnabled(ctx, "alice", false))
	refused(phoneToken)
	late := give(&phone)
	refused(late)
	require.NoError(t, f.SetEnabled(ctx, "alice", true))
	refused(phoneToken)
	require.NoError(t, f.Revoke(ctx, "alice", 0))
	refused(give(nil))
}
