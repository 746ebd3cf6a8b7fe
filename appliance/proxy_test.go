// SPDX-License-Identifier: GPL-3.0-or-later

package appliance_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/dht/proxy"
	"jamibox/enroll"
	"jamibox/enroll/admin"
)

func withProxy(cfg *config.Config, _ *admin.SetupRequest) {
	cfg.DHT.Enabled, cfg.DHT.Listen, cfg.DHT.ProxyListen = true, "127.0.0.1:0", "127.0.0.1:0"
}

// The proxy serves the box's certificate, and its figures and state are shown.
func TestProxy(t *testing.T) {
	b := appliancetest.New(t, withProxy)
	var status struct {
		enroll.Status
		Details struct {
			Proxy proxy.Stats `json:"dht_proxy"`
		} `json:"details"`
	}
	state := func() string {
		status.Services = nil
		b.Call(t, http.MethodGet, "/status", nil, &status)
		for _, s := range status.Services {
			if s.Name == "dht-proxy" {
				return s.State
			}
		}
		return ""
	}
	require.Eventually(t, func() bool { return state() == "ready" }, 20*time.Second, 10*time.Millisecond)
	require.NotEmpty(t, status.Details.Proxy.Addr)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: b.Roots}}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Get("https://" + status.Details.Proxy.Addr + "/node/info")
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, string(body), `"node_id"`)
	state()
	require.Positive(t, status.Details.Proxy.Requests["info"])
}

func TestNoProxy(t *testing.T) {
	b := appliancetest.New(t, withProxy, func(cfg *config.Config, _ *admin.SetupRequest) { cfg.DHT.ProxyListen = "" })
	var status enroll.Status
	b.Call(t, http.MethodGet, "/status", nil, &status)
	require.NotContains(t, status.Details, "dht_proxy")
	for _, s := range status.Services {
		require.NotEqual(t, "dht-proxy", s.Name)
	}
}
