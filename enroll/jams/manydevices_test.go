// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
	"jamibox/enroll/store"
)

// A machine that enrols anew each morning, or an attacker with one password.
func TestTenThousandDevicesOfOneUser(t *testing.T) {
	if testing.Short() {
		t.Skip("stores 10,000 devices")
	}
	const many = 10_000
	box := appliancetest.New(t)
	alice := box.AddUser(t, "alice")
	user, err := box.Box.Store().UserByAccountID(t.Context(), alice.AccountID)
	require.NoError(t, err)
	now := time.Now().UTC()
	for i := range many {
		fingerprint := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		_, err := box.Box.Store().EnrolDevice(t.Context(), store.Device{
			UserID: user.ID, DeviceID: fmt.Sprintf("%064x", i), ShortID: fmt.Sprintf("%040x", i),
			Alias: "laptop", CreatedAt: now, LastSeenAt: now,
		}, store.Certificate{
			Serial: fmt.Sprintf("%x", i+1), Fingerprint: fingerprint[:], DER: []byte{0}, NotAfter: now.Add(time.Hour), IssuedAt: now,
		})
		require.NoError(t, err)
	}
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	require.Equal(t, http.StatusOK, c.Login(t).Status)
	require.Len(t, list(t, c), many+1)
	require.Equal(t, http.StatusOK, box.Call(t, http.MethodPost, "/users/alice/revoke", nil, nil))
	require.Equal(t, http.StatusUnauthorized, c.Login(t).Status)
	reply := c.Do(t, http.MethodGet, "/api/crl/"+alice.AccountID+".crl", nil, nil)
	require.Equal(t, http.StatusOK, reply.Status)
	require.Greater(t, len(reply.Body), many*20)
	var answer struct{ Devices []admin.Device }
	box.Call(t, http.MethodGet, "/users/alice/devices", nil, &answer)
	require.Len(t, answer.Devices, many+1)
	require.Equal(t, "revoked", answer.Devices[many].State)
}
