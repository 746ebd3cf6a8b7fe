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
	"jamibox/appliance/e2e/lab"
)

// start runs the clients; they live as long as the whole story.
func (c *cast) start(t *testing.T) {
	c.laptop = &device{Client: c.client(t, "laptop", c.lab.Left)}
	c.desk = &device{Client: c.client(t, "desk", c.lab.Right)}
	c.phone = &device{Client: c.client(t, "phone", c.lab.Right)}
}

// enrolment proves that a client that knows only URL, name and password ends on
// the DHT of the box with everything else set.
func (c *cast) enrolment(t *testing.T) {
	ctx := within(t, 5*time.Minute)
	var group errgroup.Group
	for d, u := range map[*device]box.User{c.laptop: alice, c.desk: alice, c.phone: bob} {
		group.Go(func() error {
			enrolled, err := enrol(ctx, d.Client, box.PublicURL, u)
			if err == nil {
				*d = *enrolled
			}
			return err
		})
	}
	require.NoError(t, group.Wait())

	t.Run("identity", func(t *testing.T) {
		require.Regexp(t, "^[0-9a-f]{40}$", c.laptop.uri)
		require.Equal(t, c.laptop.uri, c.desk.uri, "both devices of alice are one person")
		require.NotEqual(t, c.laptop.uri, c.phone.uri)
		require.NotEqual(t, c.laptop.id, c.desk.id)
	})
	t.Run("known to the server", func(t *testing.T) {
		require.ElementsMatch(t, []string{c.laptop.id, c.desk.id}, c.deviceIDs(t, alice))
		require.ElementsMatch(t, []string{c.phone.id}, c.deviceIDs(t, bob))
	})
	t.Run("siblings know each other", func(t *testing.T) {
		together(t, func(d *device) error {
			return d.Poll(ctx, "both devices of alice are listed", func(ctx context.Context) (bool, error) {
				known, err := d.Devices(ctx, d.account)
				return err == nil && hasAll(known, c.laptop.id, c.desk.id), err
			})
		}, c.laptop, c.desk)
	})
	for _, d := range []*device{c.laptop, c.desk, c.phone} {
		t.Run("settings of "+d.Name(), func(t *testing.T) {
			details, err := d.Details(ctx, d.account)
			require.NoError(t, err)
			require.Contains(t, []string{lab.ServerAddr, lab.ServerAddr + ":4222"}, details[jamid.KeyHostname],
				"the box is the only way into a DHT")
			for key, want := range map[string]string{
				"TURN.enable": "true", "Account.proxyEnabled": "false", "Account.upnpEnabled": "false",
				"Account.peerDiscovery": "true", "Account.dhtProxyListUrl": "",
			} {
				require.Equal(t, want, details[key], key)
			}
			require.Contains(t, []string{lab.ServerAddr, lab.ServerAddr + ":3478"}, details["TURN.server"])
			for _, key := range []string{"TURN.username", "TURN.password", "TURN.realm"} {
				require.NotEmpty(t, details[key], key)
				require.NotEqual(t, "ring", details[key], "%s is the default of the client", key)
			}
			require.Regexp(t, "^"+box.PublicURL+"/", details[jamid.KeyNameServer])
			require.NotEmpty(t, details["Account.displayName"])
		})
	}
	t.Run("relay credentials of its own", func(t *testing.T) {
		seen := map[string]string{}
		for _, d := range []*device{c.laptop, c.desk, c.phone} {
			details, err := d.Details(ctx, d.account)
			require.NoError(t, err)
			require.NotContains(t, seen, details["TURN.username"])
			seen[details["TURN.username"]] = d.Name()
		}
	})
	t.Run("name", func(t *testing.T) {
		// The client asks the name server who it is, after it registered.
		together(t, func(d *device) error {
			return d.WaitDetail(ctx, d.account, "Account.registeredName", alice.Name)
		}, c.laptop, c.desk)
	})
}

// deviceIDs are the long ids of all devices that a user has on the server.
func (c *cast) deviceIDs(t *testing.T, u box.User) []string {
	t.Helper()
	devices, err := c.box.Devices(t.Context(), u.Name)
	require.NoError(t, err)
	ids := make([]string, len(devices))
	for i, d := range devices {
		ids[i] = d.ID
	}
	return ids
}

func hasAll(devices map[string]string, ids ...string) bool {
	for _, id := range ids {
		if _, ok := devices[id]; !ok {
			return false
		}
	}
	return true
}
