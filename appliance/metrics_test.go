// SPDX-License-Identifier: GPL-3.0-or-later

package appliance_test

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/enroll/admin"
)

func withMetrics(cfg *config.Config, _ *admin.SetupRequest) { cfg.Metrics.Listen = "127.0.0.1:0" }

var sample = regexp.MustCompile(`^(jamibox_\w+(?:\{[^}]*\})?) (\S+)$`)

// scrape returns the numbers of the box by name and labels, and the whole text.
func scrape(t *testing.T, b *appliancetest.Box) (map[string]float64, string) {
	t.Helper()
	require.Eventually(t, func() bool { return b.Box.Metrics().Addr() != nil }, 20*time.Second, 5*time.Millisecond)
	answer, err := http.Get("http://" + b.Box.Metrics().Addr().String() + "/metrics")
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", raw)
	numbers := map[string]float64{}
	for line := range strings.Lines(string(raw)) {
		if m := sample.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			value, err := strconv.ParseFloat(m[2], 64)
			require.NoError(t, err)
			numbers[m[1]] = value
		}
	}
	return numbers, string(raw)
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	b := appliancetest.New(t, appliancetest.WithRelay, withMetrics)
	b.AddUser(t, "alice")
	b.AddUser(t, "bob")
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodPost, "/users/bob/disable", nil, nil))
	login := enrolled(t, b, "alice", 0).RelayLogin(t)
	before, _ := scrape(t, b)
	_, client := allocate(t, b, login)
	stream, err := b.DialRelay(t, "tcp", login).AllocateTCP()
	require.NoError(t, err)
	defer stream.Close()
	refused(t, b, appliancetest.RelayLogin{Username: login.Username, Password: "wrong"})

	n, text := scrape(t, b)
	// The box's own probe may allocate at the same time.
	require.GreaterOrEqual(t, n[`jamibox_relay_allocations{protocol="udp"}`], 1.0)
	require.GreaterOrEqual(t, n[`jamibox_relay_allocations{protocol="tcp"}`], 1.0)
	require.GreaterOrEqual(t, n[`jamibox_relay_streams`], 1.0)
	require.GreaterOrEqual(t, n[`jamibox_relay_allocations_opened_total`], before[`jamibox_relay_allocations_opened_total`]+2)
	require.GreaterOrEqual(t, n[`jamibox_relay_error_answers_total{code="401"}`], before[`jamibox_relay_error_answers_total{code="401"}`]+3)
	require.Greater(t, n[`jamibox_relay_auth_failures_total`], before[`jamibox_relay_auth_failures_total`])
	require.Contains(t, n, `jamibox_relay_bytes_total{direction="up",protocol="tcp"}`)
	require.Contains(t, n, `jamibox_relay_packets_total{direction="down"}`)
	require.Equal(t, 1.0, n[`jamibox_devices`])
	require.Equal(t, 1.0, n[`jamibox_users{state="active"}`])
	require.Equal(t, 1.0, n[`jamibox_users{state="disabled"}`])
	require.Equal(t, 1.0, n[`jamibox_service_up{service="turn"}`])
	require.Greater(t, n[`jamibox_tls_certificate_end_seconds`], float64(time.Now().Unix()))
	require.Contains(t, text, "go_goroutines ")
	for _, private := range []string{"alice", "bob", login.Username, login.Password, client.Local, "127.0.0.1"} {
		require.NotContains(t, text, private)
	}
}

// TestMetricsWithoutARelay serves the rest, before the set-up and when the
// database is gone.
func TestMetricsWithoutARelay(t *testing.T) {
	t.Parallel()
	b := appliancetest.New(t, withMetrics, appliancetest.NotSetUp)
	n, _ := scrape(t, b)
	require.Contains(t, n, "jamibox_devices")
	require.Equal(t, 1.0, n[`jamibox_service_up{service="enroll"}`])
	for name := range n {
		require.NotContains(t, name, "relay")
	}
	var state struct{ Overall string }
	require.Eventually(t, func() bool {
		b.Call(t, http.MethodGet, "/status", nil, &state)
		return state.Overall == "ok"
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, b.Box.Store().Close())
	n, text := scrape(t, b)
	require.NotContains(t, n, "jamibox_devices")
	require.Contains(t, text, "jamibox_service_up")
	require.Contains(t, b.Log.String(), "level=ERROR")
}
