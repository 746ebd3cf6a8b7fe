// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/lab"
)

// nobody is the address of a DHT node that does not exist.
const nobody = "10.77.1.77:4222"

// TestLANDiscovery has clients that are told of a node where there is none find
// that of the box by multicast, and write to each other. Each is alone in its
// network with the box, so that they cannot have found one another.
func TestLANDiscovery(t *testing.T) {
	w := newWorld(t, box.Options{Settings: []string{"JAMIBOX_DHT_LAN_DISCOVERY=true"}}, alice, bob)
	ctx := within(t, 10*time.Minute)
	for _, n := range []*lab.Namespace{w.lab.Left, w.lab.Right} {
		// Hosts send to groups by their default route, which the lab has not.
		require.NoError(t, w.lab.Route(ctx, n, "239.192.0.0/16"))
	}
	_, err := w.box.Command(ctx, "policy", "everyone", "Account.hostname="+nobody)
	require.NoError(t, err)
	laptop := &device{Client: w.client(t, "laptop", w.lab.Left)}
	phone := &device{Client: w.client(t, "phone", w.lab.Right)}
	w.play(t, "found by multicast", func(t *testing.T) {
		for d, u := range map[*device]box.User{laptop: alice, phone: bob} {
			began := time.Now()
			enrolled, err := enrol(ctx, d.Client, box.PublicURL, u)
			require.NoError(t, err)
			*d = *enrolled
			t.Logf("%s was registered and announced after %s", d.Name(), time.Since(began))
			details, err := d.Details(ctx, d.account)
			require.NoError(t, err)
			require.Equal(t, nobody, details["Account.hostname"])
		}
		conversation := befriend(t, ctx, laptop, phone)
		write(t, ctx, conversation, "from laptop", laptop, phone).arrives(t, ctx, phone)
	})
}
