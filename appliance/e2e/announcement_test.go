// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/box"
)

// TestAnnouncement proves that alice's laptop learns from the DHT that the admin
// revoked her desk: the client logs a list only if her account signed it.
func TestAnnouncement(t *testing.T) {
	w := newWorld(t, box.Options{Settings: []string{"JAMIBOX_DHT_ENGINE=builtin"}}, alice)
	w.play(t, "revocation", func(t *testing.T) {
		ctx := within(t, 5*time.Minute)
		laptop, err := enrol(ctx, w.client(t, "laptop", w.lab.Left), box.PublicURL, alice)
		require.NoError(t, err)
		desk, err := enrol(ctx, w.client(t, "desk", w.lab.Right), box.PublicURL, alice)
		require.NoError(t, err)
		lines, err := laptop.Log().Lines(0, listFound)
		require.NoError(t, err)
		require.Empty(t, lines)

		require.NoError(t, w.box.RevokeDevice(ctx, desk.id))
		require.NoError(t, laptop.loggedWithin(ctx, 30*time.Second, 0, listFound))
	})
}
