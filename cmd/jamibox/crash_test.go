// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
	"jamibox/enroll/pki"
)

// A server that is killed in the middle of many enrolments has every one that
// it acknowledged, none by half, and starts again.
func TestKilledWhileEnrolling(t *testing.T) {
	const users, enrolments = 10, 200
	box := newBox(t)
	box.start(t)
	for u := range users {
		box.addUser(t, fmt.Sprintf("user%d", u))
	}
	requests := make([]string, enrolments)
	for i := range requests {
		requests[i] = appliancetest.CSR(t, appliancetest.DeviceKey(t, i))
	}
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(box.run(t, "tls", "root").stdout)))
	clients := make([]*appliancetest.Client, enrolments)
	for i := range clients {
		clients[i] = appliancetest.NewClient(t, box.url, roots)
	}

	var mu sync.Mutex
	acknowledged := map[string]int{}
	var some sync.Once
	begun := make(chan struct{})
	var wg sync.WaitGroup
	for i := range enrolments {
		wg.Go(func() {
			reply, err := clients[i].TryDo(http.MethodPost, "/api/auth/device",
				map[string]string{"csr": requests[i], "deviceName": "x"},
				appliancetest.Basic(fmt.Sprintf("user%d", i%users), appliancetest.Password))
			if err != nil || reply.Status != http.StatusOK {
				return
			}
			id, err := pki.DeviceID(appliancetest.DeviceKey(t, i).Public())
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			acknowledged[id] = i
			if len(acknowledged) > 20+rand.IntN(50) {
				some.Do(func() { close(begun) })
			}
			mu.Unlock()
		})
	}
	select {
	case <-begun:
	case <-time.After(time.Minute):
		require.FailNow(t, "no enrolment was acknowledged")
	}
	box.kill(t)
	wg.Wait()

	box.start(t)
	stored := map[string]bool{}
	for u := range users {
		var devices []admin.Device
		box.runJSON(t, &devices, "device", "list", fmt.Sprintf("user%d", u))
		for _, d := range devices {
			stored[d.DeviceID] = true
			require.Equal(t, "active", d.State)
			require.False(t, d.ExpiresAt.IsZero(), "a device without certificate is half of one")
		}
	}
	require.Greater(t, len(acknowledged), 20)
	require.Less(t, len(acknowledged), enrolments, "the server was killed too late")
	for id := range acknowledged {
		require.True(t, stored[id], "an acknowledged device is gone")
	}
	t.Logf("%d enrolments were acknowledged before the kill, %d stored", len(acknowledged), len(stored))
}
