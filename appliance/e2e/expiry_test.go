// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/box"
	"jamibox/appliance/e2e/jamid"
)

// TestExpiry proves that a device whose certificate expired asks for the
// password at its next start, and is then the same person with a new key. It
// has a server of its own, whose certificates live for seconds below a CA with
// an elliptic curve key, and the program of OpenDHT as its DHT node.
func TestExpiry(t *testing.T) {
	t.Parallel()
	const lifetime = 40 * time.Second
	w := newWorld(t, box.Options{
		DeviceLifetime: lifetime, CAKeyType: "ecdsa-p256", Settings: []string{"JAMIBOX_DHT_ENGINE=dhtnode"},
	}, alice)
	w.play(t, "expiry", func(t *testing.T) { w.expiry(t, lifetime) })
}

func (w *world) expiry(t *testing.T, lifetime time.Duration) {
	ctx := within(t, 10*time.Minute)
	old, err := enrol(ctx, w.client(t, "short-lived", w.lab.Left), box.PublicURL, alice)
	require.NoError(t, err)
	certificate, err := old.DeviceCertificate(old.account)
	require.NoError(t, err)
	require.Less(t, time.Until(certificate.NotAfter), lifetime)

	expired := time.NewTimer(time.Until(certificate.NotAfter) + time.Second)
	defer expired.Stop()
	select {
	case <-expired.C:
	case <-ctx.Done():
		require.NoError(t, ctx.Err())
	}
	require.NoError(t, old.WaitState(ctx, old.account, jamid.Registered), "a running client does not mind")
	require.NoError(t, old.Restart(ctx))
	require.NoError(t, old.WaitState(ctx, old.account, jamid.NeedsMigration))

	mark := old.Mark()
	require.NoError(t, old.SetDetails(ctx, old.account, map[string]string{jamid.KeyPassword: alice.Password}))
	ended, err := old.WaitSignal(ctx, mark, "migrationEnded", func(args []any) bool { return args[0] == old.account })
	require.NoError(t, err)
	require.Equal(t, "SUCCESS", ended.Args[1])
	renewed := &device{Client: old.Client, account: old.account}
	require.NoError(t, renewed.settle(ctx))
	require.Equal(t, old.uri, renewed.uri)
	require.NotEqual(t, old.id, renewed.id)

	devices, err := w.box.Devices(ctx, alice.Name)
	require.NoError(t, err)
	var ids []string
	for _, d := range devices {
		ids = append(ids, d.ID)
	}
	require.ElementsMatch(t, []string{old.id, renewed.id}, ids)
}
