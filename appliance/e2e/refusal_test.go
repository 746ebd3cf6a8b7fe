// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
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
	ctx := within(t, 5*time.Minute)
	guest := c.client(t, "guest", c.lab.Left)
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
		group.Go(func() error { return refused(ctx, guest, who) })
	}
	require.NoError(t, group.Wait())

	accounts, err := guest.Accounts(ctx)
	require.NoError(t, err)
	require.Empty(t, accounts)
	require.ElementsMatch(t, aliceDevices, c.deviceIDs(t, alice))
	require.ElementsMatch(t, daveDevices, c.deviceIDs(t, dave))
	_, err = c.box.Devices(ctx, "mallory")
	require.Error(t, err, "an unknown user must not come into being")

	t.Run("enabled again", func(t *testing.T) {
		require.NoError(t, c.box.EnableUser(ctx, dave.Name))
		d, err := enrol(ctx, guest, box.PublicURL, dave)
		require.NoError(t, err)
		require.ElementsMatch(t, append(daveDevices, d.id), c.deviceIDs(t, dave))
	})
}

// refused tries to enrol and waits until the client reports the error and
// throws the account away.
func refused(ctx context.Context, guest *jamid.Client, who box.User) error {
	mark := guest.Mark()
	logMark, err := guest.Log().Mark()
	if err != nil {
		return err
	}
	account, err := guest.AddManagedAccount(ctx, box.PublicURL, who.Name, who.Password, who.Name)
	if err != nil {
		return err
	}
	if _, err = guest.WaitSignal(ctx, mark, "registrationStateChanged", func(args []any) bool {
		return args[0] == account && args[1] == jamid.GenericError
	}); err != nil {
		return err
	}
	if err = guest.WaitGone(ctx, account); err != nil {
		return err
	}
	// 1 is what the client makes of any 4xx: wrong credentials. A server that
	// is down or broken would give 2 or 3, which looks the same in the signal.
	return (&device{Client: guest}).logged(ctx, logMark, "[Account "+account+"] Auth error: 1")
}
