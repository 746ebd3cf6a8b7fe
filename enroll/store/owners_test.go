// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeviceOwners(t *testing.T) {
	s, _ := open(t)
	none, err := s.DevicesAfter(t.Context(), 0)
	require.NoError(t, err)
	require.Empty(t, none)

	alice, bob := addUser(t, s, "alice"), addUser(t, s, "bob")
	first := enrol(t, s, alice, "laptop", "kitchen", start).Device
	for i := range ownersAtOnce + 1 {
		enrol(t, s, bob, fmt.Sprint("phone", i), fmt.Sprint("phone ", i), start)
	}
	require.NoError(t, s.RevokeDevice(t.Context(), first.ID, alice.AccountID, 0, start))

	keys, err := s.DevicesAfter(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, keys, ownersAtOnce+2)
	require.Equal(t, DeviceKey{ID: first.ID, DeviceID: first.DeviceID}, keys[0], "a revoked one keeps its traces")
	newest, err := s.DevicesAfter(t.Context(), keys[ownersAtOnce].ID)
	require.NoError(t, err)
	require.Equal(t, keys[ownersAtOnce+1:], newest)

	rows := []int64{1 << 40}
	for _, k := range keys {
		rows = append(rows, k.ID)
	}
	owners, err := s.DeviceOwners(t.Context(), rows)
	require.NoError(t, err)
	require.Len(t, owners, len(keys), "more than one query holds")
	require.Contains(t, owners, DeviceOwner{ID: first.ID, DeviceID: first.DeviceID, Alias: "kitchen", Username: "alice"})
	owners, err = s.DeviceOwners(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, owners)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.DeviceOwners(ctx, rows)
	require.ErrorIs(t, err, context.Canceled)
}
