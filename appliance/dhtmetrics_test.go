// SPDX-License-Identifier: GPL-3.0-or-later

package appliance_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/dht"
	"jamibox/dht/wire"
	"jamibox/enroll/admin"
)

// TestDHTMetrics has another node join the box and store a value there.
func TestDHTMetrics(t *testing.T) {
	t.Parallel()
	b := appliancetest.New(t, withNode("0"), withMetrics)
	var state admin.DHTState
	require.Eventually(t, func() bool {
		b.Call(t, "GET", "/dht", nil, &state)
		return state.State == "ready"
	}, 20*time.Second, 10*time.Millisecond)
	_, port, _ := strings.Cut(state.Node.Addresses[0], ":")
	other := peer(t, port)
	key := wire.HashOf([]byte("key"))
	stored, err := other.Put(t.Context(), key, (&wire.Value{ID: 1, Type: wire.TypeTrustRequest, Data: make([]byte, 200)}).Append(nil))
	require.NoError(t, err)
	require.Equal(t, 1, stored)
	_, err = other.Put(t.Context(), key, (&wire.Value{ID: 2, Type: wire.TypeService, Data: wire.ServiceData(other.Stats().Addrs[0])}).Append(nil))
	require.NoError(t, err)

	require.Eventually(t, func() bool {
		n, _ := scrape(t, b)
		return n[`jamibox_dht_nodes{engine="builtin",family="ipv4",state="good"}`] == 1
	}, 20*time.Second, 10*time.Millisecond)
	n, text := scrape(t, b)
	require.Equal(t, 1.0, n[`jamibox_dht_values{engine="builtin",type="trust request"}`], "%s", text)
	require.Greater(t, n[`jamibox_dht_value_bytes{engine="builtin",type="trust request"}`], 200.0)
	require.Equal(t, 2.0, n[`jamibox_dht_keys{engine="builtin"}`], "the box's own probe has one")
	require.GreaterOrEqual(t, n[`jamibox_dht_requests_total{engine="builtin",kind="put"}`], 3.0)
	require.GreaterOrEqual(t, n[`jamibox_dht_puts_total{engine="builtin",outcome="stored"}`], 3.0)
	require.Equal(t, 1.0, n[`jamibox_dht_buckets{engine="builtin",family="ipv4"}`])
	for _, name := range []string{
		`jamibox_dht_rejected_total{engine="builtin",reason="wrong token"}`,
		`jamibox_dht_puts_total{engine="builtin",outcome="wrong signature"}`,
		`jamibox_dht_dropped_total{address="unproven",engine="builtin",limit="requests of one address"}`,
		`jamibox_dht_values_evicted_total{engine="builtin"}`, `jamibox_dht_values_replicated_total{engine="builtin"}`,
		`jamibox_dht_pushes_total{engine="builtin"}`, `jamibox_dht_listeners{engine="builtin"}`,
	} {
		require.Contains(t, n, name, "also while it is zero")
		require.Zero(t, n[name])
	}
	for _, private := range []string{"127.0.0.1", state.NodeID, other.Stats().ID.String()} {
		require.NotContains(t, text, private)
	}

	b.Call(t, "GET", "/dht", nil, &state)
	require.Equal(t, []admin.DHTNeighbour{{NodeID: other.Stats().ID.String(), Addr: other.Stats().Addrs[0].String()}}, state.Node.Neighbours)
	require.Equal(t, 1, state.Node.IPv4.Good)
	require.Positive(t, state.Node.PerSecond["put"])
}

func TestDHTMetricsOfDhtnode(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
	b := appliancetest.New(t, withMetrics, func(cfg *config.Config, _ *admin.SetupRequest) {
		cfg.DHT.Enabled, cfg.DHT.Engine, cfg.DHT.Listen = true, dht.EngineDhtnode, ":0"
	})
	require.Eventually(t, func() bool {
		n, _ := scrape(t, b)
		return n[`jamibox_dht_probe_seconds{engine="dhtnode"}`] > 0
	}, 20*time.Second, 10*time.Millisecond)
	n, _ := scrape(t, b)
	require.Contains(t, n, `jamibox_dht_listed_nodes{engine="dhtnode"}`)
	for name := range n {
		require.NotContains(t, name, "jamibox_dht_values", "what is not known is not zero")
	}
}
