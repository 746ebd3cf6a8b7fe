// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/dht"
	"jamibox/enroll/admin"
)

// TestDHTOperations holds what a running node of each engine shows against the
// description.
func TestDHTOperations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		engine, listen string
	}{
		"builtin": {dht.EngineBuiltin, "127.0.0.1:0"},
		"dhtnode": {dht.EngineDhtnode, ":0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath("dhtnode"); err != nil && c.engine == dht.EngineDhtnode {
				t.Skip("dhtnode is not installed (Debian package dhtnode)")
			}
			a := newAPI(t, appliancetest.New(t, func(cfg *config.Config, _ *admin.SetupRequest) {
				cfg.DHT.Enabled, cfg.DHT.Engine, cfg.DHT.Listen = true, c.engine, c.listen
			}))
			root := a.administrator(t)
			state := func() (s admin.DHTState) {
				got := a.call(t, "GET", "/dht", nil, root)
				require.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
				got.JSON(t, &s)
				return s
			}
			require.Eventually(t, func() bool { return state().State == "ready" }, 20*time.Second, 10*time.Millisecond)
			s := state()
			require.Equal(t, c.engine, s.Engine)
			require.Len(t, s.NodeID, 40)
			require.WithinDuration(t, time.Now(), *s.StartedAt, time.Minute)
			require.Positive(t, s.ProbeSeconds)
			if c.engine == dht.EngineDhtnode {
				require.Nil(t, s.Node)
				require.Contains(t, s.Unknown, "does not tell")
				require.Positive(t, s.PID)
				return
			}
			require.Empty(t, s.Unknown)
			require.Equal(t, []string{net.JoinHostPort("127.0.0.1", strconv.Itoa(int(s.Port)))}, s.Node.Addresses)
			require.Equal(t, 1, s.Node.Values, "the box's own probe")
			require.Positive(t, s.Node.Requests["put"])
			require.Positive(t, s.Node.Puts["stored"])
		})
	}
}
