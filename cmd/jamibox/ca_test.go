// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

func TestCACommands(t *testing.T) {
	t.Parallel()
	const origin = "https://admin.example"
	b := newBox(t, "JAMIBOX_SERVER_ALLOWED_ORIGINS="+origin)
	b.start(t)
	b.addUser(t, "alice")
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(b.run(t, "tls", "root").stdout)))
	client := appliancetest.NewClient(t, b.url, roots)

	require.Contains(t, b.run(t, "ca", "lifetimes").stdout, "Devices:          2y\n")
	requireFailure(t, b.run(t, "ca", "lifetimes", "--device", "40y"), 1, "device_lifetime: 40y: between")
	require.Equal(t, 2, b.run(t, "ca", "lifetimes", "--device", "soon").code)
	r := b.run(t, "ca", "lifetimes", "--device", "10d", "--crl", "1d")
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, "Devices:          10d\nAccounts:         20y\nRevocation lists: 1d\n", r.stdout)

	require.Empty(t, b.expiring(t, "36500"))
	client.Enrol(t, "alice", 0)
	require.Empty(t, b.expiring(t, "9"))
	soon := b.expiring(t, "30")
	require.Len(t, soon, 1, "a certificate of ten days was issued")
	require.Equal(t, "alice", soon[0].Username)
	require.WithinDuration(t, time.Now().AddDate(0, 0, 10), soon[0].ExpiresAt, time.Hour)
	require.Contains(t, b.run(t, "device", "expiring").stdout, soon[0].DeviceID)

	var first, second struct {
		Number     json.Number `json:"number"`
		NextUpdate time.Time   `json:"next_update"`
	}
	b.runJSON(t, &first, "ca", "publish")
	b.runJSON(t, &second, "ca", "publish")
	require.Greater(t, second.Number, first.Number)
	require.WithinDuration(t, time.Now().AddDate(0, 0, 1), second.NextUpdate, time.Hour)
	require.Contains(t, b.run(t, "ca", "show").stdout, "BEGIN CERTIFICATE")

	// Pages of the named origin may call the API, others may not.
	for from, allowed := range map[string]string{origin: origin, "https://evil.example": "", "": ""} {
		reply := client.Do(t, http.MethodOptions, "/api/v1/session", nil, func(r *http.Request) {
			r.Header.Set("Origin", from)
			r.Header.Set("Access-Control-Request-Method", http.MethodPost)
			r.Header.Set("Access-Control-Request-Headers", "authorization")
		})
		require.Equal(t, allowed, reply.Header.Get("Access-Control-Allow-Origin"), from)
		require.Empty(t, reply.Header.Get("Access-Control-Allow-Credentials"))
	}
}

func (b *box) expiring(t *testing.T, days string) []admin.ExpiringDevice {
	t.Helper()
	var list []admin.ExpiringDevice
	b.runJSON(t, &list, "device", "expiring", "--days", days)
	return list
}
