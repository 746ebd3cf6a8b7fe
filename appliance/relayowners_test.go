// SPDX-License-Identifier: GPL-3.0-or-later

package appliance

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

func TestOwners(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	alice := b.AddUser(t, "alice", nil)
	enrol := func(id, alias string) store.Device {
		now := time.Now().UTC()
		d, err := b.Store.EnrolDevice(t.Context(), store.Device{
			UserID: alice.ID, DeviceID: id, ShortID: id, Alias: alias, CreatedAt: now, LastSeenAt: now,
		}, store.Certificate{Serial: id, Fingerprint: []byte(id), DER: []byte(id), NotAfter: now.Add(time.Hour), IssuedAt: now})
		require.NoError(t, err)
		return d
	}
	named := 0
	name := func(deviceID string) string {
		named++
		return strings.ToUpper(deviceID)
	}
	o := newOwners(b.Store)
	find := func(usernames ...string) map[string]store.DeviceOwner {
		found, err := o.find(t.Context(), usernames, name)
		require.NoError(t, err)
		return found
	}

	require.Empty(t, find())
	require.Empty(t, find("RING"))
	laptop := enrol("laptop", "kitchen")
	enrol("phone", "hall")
	want := store.DeviceOwner{ID: laptop.ID, DeviceID: "laptop", Alias: "kitchen", Username: "alice"}
	require.Equal(t, map[string]store.DeviceOwner{"LAPTOP": want}, find("LAPTOP", "RING", "LAPTOP"))
	require.Equal(t, 2, named)

	// What is not a device's costs no more than the question for new ones.
	require.Len(t, find("RING", "PHONE", "LAPTOP"), 2)
	require.Equal(t, 2, named)
	require.NoError(t, b.Store.RenameDevice(t.Context(), laptop.ID, "cellar"))
	require.Equal(t, "cellar", find("LAPTOP")["LAPTOP"].Alias)
	enrol("tablet", "hall")
	require.Len(t, find("TABLET"), 1)
	require.Equal(t, 3, named, "only the new one is looked at")
}
