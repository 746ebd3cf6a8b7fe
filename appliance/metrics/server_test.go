// SPDX-License-Identifier: GPL-3.0-or-later

package metrics_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/appliance/metrics"
	"jamibox/turn"
)

var quiet = slog.New(slog.DiscardHandler)

// get asks without keeping the connection.
func get(t *testing.T, method, url string) (int, string) {
	t.Helper()
	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	answer, err := h.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(raw)
}

func TestServer(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	n := prometheus.NewGauge(prometheus.GaugeOpts{Name: "n", Help: "A number."})
	s, err := metrics.New(metrics.Config{Listen: "127.0.0.1:0"}, quiet, n, metrics.NewRelay(func() *turn.Server { return nil }))
	require.NoError(t, err)
	require.Equal(t, "metrics", s.Name())
	require.Nil(t, s.Addr())
	for range 2 { // as when the supervisor starts it again
		ctx, stop := context.WithCancel(t.Context())
		ready, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
		select {
		case <-ready:
		case err := <-ended:
			require.NoError(t, err)
		}
		base := "http://" + s.Addr().String()
		n.Add(1.5)
		code, text := get(t, http.MethodGet, base+"/metrics")
		require.Equal(t, http.StatusOK, code)
		require.Contains(t, text, "\nn ")
		code, _ = get(t, http.MethodPost, base+"/metrics")
		require.Equal(t, http.StatusMethodNotAllowed, code)
		code, _ = get(t, http.MethodGet, base+"/")
		require.Equal(t, http.StatusNotFound, code)

		// One who says nothing does not hold up the end.
		silent, err := net.Dial("tcp", s.Addr().String())
		require.NoError(t, err)
		begun := time.Now()
		stop()
		require.NoError(t, <-ended)
		require.Less(t, time.Since(begun), 8*time.Second)
		require.NoError(t, silent.Close())
		require.Nil(t, s.Addr())
	}
}

func TestServerRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	s, err := metrics.New(metrics.Config{Listen: taken.Addr().String()}, quiet)
	require.NoError(t, err)
	err = s.Run(t.Context(), func() { t.Error("it is not ready") })
	require.ErrorContains(t, err, "metrics.listen: ")
	require.ErrorContains(t, err, taken.Addr().String())

	relay := metrics.NewRelay(func() *turn.Server { return nil })
	_, err = metrics.New(metrics.Config{}, quiet, relay, relay)
	require.ErrorContains(t, err, "registering metrics: ")
}
