// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/lab"
)

// builtIn is the user name, and password, that clients have for the relay of
// their makers.
const builtIn = "ring"

// TestFirstSession proves what turn.first_session_networks is for: where the
// site's names say that turn.jami.net is the box, the relay serves a client
// before its first restart. The built-in password lets the client make its test
// of the relay; all else it asks for with the password of the device.
func TestFirstSession(t *testing.T) {
	a := newApart(t, box.Options{Settings: []string{"JAMIBOX_TURN_FIRST_SESSION_NETWORKS=10.77.0.0/16"}}, "turn.jami.net")
	a.play(t, "message", func(t *testing.T) {
		ctx := within(t, 5*time.Minute)
		together(t, func(d *device) error {
			return d.logged(ctx, 0, "Connection to "+lab.ServerAddr+" ready")
		}, a.alice.device, a.bob.device)

		conversation := introduce(t, ctx, a.alice.device, a.bob.device)
		require.NoError(t, a.bob.Poll(ctx, "the relay carries something of a device", func(ctx context.Context) (bool, error) {
			live, err := a.box.Allocations(ctx)
			for _, allocation := range live {
				if allocation.DeviceID != "" && allocation.Down.Bytes > 0 {
					return true, nil
				}
			}
			return false, err
		}))
		// From here on a client may have to be restarted for faults of its own.
		joined(t, ctx, conversation, a.bob.device, a.alice.device)
		joined(t, ctx, conversation, a.alice.device, a.bob.device)
		write(t, ctx, conversation, "from alice", a.alice.device, a.bob.device).arrives(t, ctx, a.bob.device)
		write(t, ctx, conversation, "from bob", a.bob.device, a.alice.device).arrives(t, ctx, a.alice.device)

		tests := 0
		for _, allocation := range a.everAllocated(t, ctx) {
			if allocation.RelayUser == builtIn {
				tests++
				require.Equal(t, "tcp", allocation.Protocol)
				require.Zero(t, allocation.Up.Bytes+allocation.Down.Bytes)
			}
		}
		require.GreaterOrEqual(t, tests, 2, "each client makes a test")
	})
}
