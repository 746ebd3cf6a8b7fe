// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRemembered(t *testing.T) {
	r := newRemembered()
	now := time.Now()
	r.now = func() time.Time { return now }
	require.False(t, r.knows("hash", "password"))
	r.note("hash", "password")
	require.True(t, r.knows("hash", "password"))
	for _, other := range [][2]string{{"hash", "Password"}, {"hash", ""}, {"hash2", "password"}, {"has", "hpassword"}, {"", "hash\x00password"}} {
		require.False(t, r.knows(other[0], other[1]), other)
	}
	require.False(t, newRemembered().knows("hash", "password"), "keys differ")
	now = now.Add(rememberFor)
	require.False(t, r.knows("hash", "password"), "for some minutes only")

	for i := range 2*maxRemembered + 1 {
		r.note("hash", fmt.Sprint(i))
	}
	require.LessOrEqual(t, len(r.seen), maxRemembered)
	require.True(t, r.knows("hash", fmt.Sprint(2*maxRemembered)))
}

func TestRememberedLogin(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.create(t, "alice")
	hashes := counted(t, f.Service)
	for _, c := range []struct {
		password string
		err      error
		hashes   int
	}{
		{"not the password", ErrCredentials, 1}, {"not the password", ErrCredentials, 1},
		{password, nil, 1}, {password, nil, 0}, {"not the password", ErrCredentials, 1}, {password, nil, 0},
	} {
		_, err := f.Authenticate(ctx, "alice", c.password)
		require.ErrorIs(t, err, c.err)
		require.Equal(t, c.hashes, hashes())
	}
	require.NoError(t, f.SetEnabled(ctx, "alice", false))
	_, err := f.Authenticate(ctx, "alice", password)
	require.ErrorIs(t, err, ErrCredentials)
	require.NoError(t, f.SetEnabled(ctx, "alice", true))
	require.NoError(t, f.SetPassword(ctx, "alice", "another password"))
	hashes()
	_, err = f.Authenticate(ctx, "alice", password)
	require.ErrorIs(t, err, ErrCredentials, "the old password")
	require.Equal(t, 1, hashes())
}
