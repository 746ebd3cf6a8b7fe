// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/jamid"
)

// revocationByUser proves that alice can shut out her second device from the
// first. It is away then: a client that is on the DHT learns of it at once.
func (c *cast) revocationByUser(t *testing.T) {
	ctx := within(t, 10*time.Minute)
	t.Run("wrong password", func(t *testing.T) {
		status, err := c.laptop.RevokeDevice(ctx, c.laptop.account, "not alice's secret", c.desk.id)
		require.NoError(t, err)
		require.NotZero(t, status)
		require.NotEqual(t, "revoked", c.stateOf(t, c.desk))
	})
	require.NoError(t, c.desk.Stop())
	status, err := c.laptop.RevokeDevice(ctx, c.laptop.account, alice.Password, c.desk.id)
	require.NoError(t, err)
	require.Zero(t, status)
	require.Equal(t, "revoked", c.stateOf(t, c.desk))

	c.shutOut(t, ctx, c.desk, c.phone)
	c.exchange(t, ctx, "after the desk was revoked", c.laptop, c.phone)
	c.silent(t, ctx, c.desk, c.phone)
}

// revocationByAdmin proves the same for a device that the admin revokes.
func (c *cast) revocationByAdmin(t *testing.T) {
	ctx := within(t, 10*time.Minute)
	require.NoError(t, c.phone.Stop())
	require.NoError(t, c.box.RevokeDevice(ctx, c.phone.id))
	require.Equal(t, "revoked", c.stateOf(t, c.phone))
	c.shutOut(t, ctx, c.phone, c.laptop)
	c.silent(t, ctx, c.phone, c.laptop)
}

// shutOut starts a device that was revoked while it was away. The server turns
// it away, its peer refuses what it writes, and it learns from the DHT what
// happened, so that it asks for the password at its next start.
func (c *cast) shutOut(t *testing.T, ctx context.Context, revoked, peer *device) {
	t.Helper()
	mark, err := revoked.Log().Mark()
	require.NoError(t, err)
	require.NoError(t, revoked.Start(ctx))
	require.NoError(t, revoked.settle(ctx), "the 2023 client stays on the DHT")
	require.NoError(t, revoked.logged(ctx, mark, deviceRefused))
	tokens, err := revoked.Log().Lines(mark, deviceLogin)
	require.NoError(t, err)
	require.Empty(t, tokens, "the server let a revoked device in")

	m := write(t, ctx, c.conversation, "from revoked "+revoked.Name(), revoked, peer)
	if err := peer.loggedWithin(ctx, 2*wedged, m.marks[peer], "OCSP verification: certificate is revoked"); err != nil {
		ill, illErr := m.diagnose(ctx, peer)
		require.NoError(t, illErr)
		require.NotNil(t, ill, "%v, and no client shows a known fault", err)
		t.Logf("nothing of %s reached its peer: %s %s", revoked.Name(), ill.client.Name(), ill.why)
	}

	require.NoError(t, revoked.logged(ctx, mark, listFound))
	require.NoError(t, revoked.Restart(ctx))
	require.NoError(t, revoked.WaitState(ctx, revoked.account, jamid.NeedsMigration))
}

// listFound is what the client logs when it finds on the DHT a list of revoked
// devices that its account signed.
const listFound = "found CRL for account"

// deviceRefused is what the client logs when the server refuses its
// certificate.
const deviceRefused = "[Auth] Failed auth with scope 1"

// silent requires that nothing of a revoked device came through. It is asked
// after the peer refused it, so there is nothing left to wait for.
func (c *cast) silent(t *testing.T, ctx context.Context, revoked, peer *device) {
	t.Helper()
	has, err := peer.HasMessage(ctx, peer.account, c.conversation, "from revoked "+revoked.Name())
	require.NoError(t, err)
	require.False(t, has, "a message of a revoked device arrived")
}

// stateOf is the state of a device as the admin sees it.
func (c *cast) stateOf(t *testing.T, d *device) string {
	t.Helper()
	user := alice.Name
	if d == c.phone {
		user = bob.Name
	}
	devices, err := c.box.Devices(t.Context(), user)
	require.NoError(t, err)
	for _, listed := range devices {
		if listed.ID == d.id {
			return listed.State
		}
	}
	require.Failf(t, "device not listed", "%s is no device of %s", d.id, user)
	return ""
}
