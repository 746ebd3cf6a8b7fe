// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/jamid"
)

// refusal proves that who may not come in gets the ordinary answer of the
// client to wrong credentials, and that nothing stays behind.
func (c *cast) refusal(t *testing.T) {
	ctx := within(t, 2*time.Minute)
	require.NoError(t, c.box.DisableUser(ctx, dave.Name))
	aliceDevices, daveDevices := c.deviceIDs(t, alice), c.deviceIDs(t, dave)

	cases := map[string]box.User{
		"wrong password": {Name: alice.Name, Password: "not alice's secret"},
		"disabled user":  dave,
		"unknown user":   {Name: "mallory", Password: "whatever it is"},
	}
	// At the same time: each of them makes its key first, which is slow.
	var group errgroup.Group
	for _, who := range cases {
		group.Go(func() error { return c.refused(t, who) })
	}
	require.NoError(t, group.Wait())

	accounts, err := c.guest.Accounts(ctx)
	require.NoError(t, err)
	require.Empty(t, accounts)
	require.ElementsMatch(t, aliceDevices, c.deviceIDs(t, alice))
	require.ElementsMatch(t, daveDevices, c.deviceIDs(t, dave))
	_, err = c.box.Devices(ctx, "mallory")
	require.Error(t, err, "an unknown user must not come into being")

	t.Run("enabled again", func(t *testing.T) {
		require.NoError(t, c.box.EnableUser(ctx, dave.Name))
		d, err := enrol(ctx, c.guest, box.PublicURL, dave)
		require.NoError(t, err)
		require.ElementsMatch(t, append(daveDevices, d.id), c.deviceIDs(t, dave))
		require.NoError(t, d.RemoveAccount(ctx, d.account))
		require.NoError(t, d.WaitGone(ctx, d.account))
	})
}

// refused tries to enrol and waits until the client reports the error and
// throws the account away.
func (c *cast) refused(t *testing.T, who box.User) error {
	ctx, mark := t.Context(), c.guest.Mark()
	logMark, err := c.guest.Log().Mark()
	if err != nil {
		return err
	}
	account, err := c.guest.AddManagedAccount(ctx, box.PublicURL, who.Name, who.Password, who.Name)
	if err != nil {
		return err
	}
	if _, err = c.guest.WaitSignal(ctx, mark, "registrationStateChanged", func(args []any) bool {
		return args[0] == account && args[1] == jamid.GenericError
	}); err != nil {
		return err
	}
	if err = c.guest.WaitGone(ctx, account); err != nil {
		return err
	}
	// 1 is what the client makes of any 4xx: wrong credentials. A server that
	// is down or broken would give 2 or 3, which looks the same in the signal.
	return (&device{Client: c.guest}).logged(ctx, logMark, "[Account "+account+"] Auth error: 1")
}
