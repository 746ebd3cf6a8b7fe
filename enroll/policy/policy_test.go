// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
)

type network struct {
	bootstrap []string
	relay     map[string]Relay
	proxy     string
	useProxy  bool
}

func (n network) Bootstrap() []string { return n.bootstrap }

func (n network) Proxy() (string, bool) { return n.proxy, n.useProxy }

func (n network) Relay(deviceID string) (Relay, bool) {
	r, ok := n.relay[deviceID]
	return r, ok
}

func newService(t testing.TB) (*Service, *enrolltest.Box) {
	b := enrolltest.NewEmpty(t)
	return New(b.Store, b.Seal, network{
		bootstrap: []string{"10.0.0.1:4222", "[2001:db8::1]:4222"},
		relay: map[string]Relay{
			"laptop": {Server: "10.0.0.1", Username: "u", Password: "p", Realm: "r"},
			"":       {Server: "10.0.0.1", Username: "nobody", Password: "nothing", Realm: "r"},
		},
	}, b.Audit), b
}

// nobody is the id of a user without groups.
const nobody = 0

// texts returns settings as a person gives them.
func texts(values map[string]string) Settings {
	given := Settings{}
	for key, value := range values {
		given[key] = &value
	}
	return given
}

func setAdded(t testing.TB, s *Service, values map[string]string) {
	t.Helper()
	_, err := s.SetAdded(t.Context(), texts(values))
	require.NoError(t, err)
}

func TestFor(t *testing.T) {
	s, _ := newService(t)
	isolated := map[string]string{
		"Account.hostname": "10.0.0.1:4222;[2001:db8::1]:4222", "Account.bootstrapListUrl": "", "Account.dhtProxyListUrl": "",
		"Account.proxyEnabled": "false", "Account.proxyListEnabled": "false", "Account.proxyServer": "", "Account.upnpEnabled": "false",
		"Account.peerDiscovery": "true", "DHT.AllowFromTrusted": "true", "DHT.PublicInCalls": "false", "Account.defaultModerators": "",
		"TURN.enable": "false",
	}
	got, err := s.For(t.Context(), nobody, "a device without a relay")
	require.NoError(t, err)
	require.Equal(t, isolated, got)

	maps.Copy(isolated, map[string]string{"TURN.enable": "true", "TURN.server": "10.0.0.1", "TURN.username": "u", "TURN.password": "p", "TURN.realm": "r"})
	got, err = s.For(t.Context(), nobody, "laptop")
	require.NoError(t, err)
	require.Equal(t, isolated, got)

	added := map[string]string{"Account.videoEnabled": "false", "Account.upnpEnabled": "true", "TURN.server": "relay.example", "Account.defaultModerators": strings.Repeat("a", 40)}
	setAdded(t, s, added)
	maps.Copy(isolated, added)
	got, err = s.For(t.Context(), nobody, "laptop")
	require.NoError(t, err)
	require.Equal(t, isolated, got)

	// Whatever is sent, a client takes: all of it is known and none of it denied.
	for key, value := range got {
		require.NoError(t, Check(key, value), key)
	}
	raw, err := json.Marshal(got)
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(raw, &members))
	for key, value := range members {
		require.IsType(t, "", value, key)
	}
	require.Contains(t, got, "Account.defaultModerators")
}

// The proxy of the box is what clients find when somebody switches theirs on.
func TestProxy(t *testing.T) {
	const url = "https://10.0.0.1:4443"
	for name, c := range map[string]struct {
		use            bool
		added          map[string]string
		enabled, where string
	}{
		"off":                      {false, nil, "false", url},
		"for all":                  {true, nil, "true", url},
		"off, by an admin on":      {false, map[string]string{"Account.proxyEnabled": "true"}, "true", url},
		"for all, by an admin off": {true, map[string]string{"Account.proxyEnabled": "false"}, "false", url},
		"another":                  {true, map[string]string{"Account.proxyServer": "https://proxy.example"}, "true", "https://proxy.example"},
	} {
		t.Run(name, func(t *testing.T) {
			b := enrolltest.NewEmpty(t)
			s := New(b.Store, b.Seal, network{bootstrap: []string{"10.0.0.1:4222"}, proxy: url, useProxy: c.use}, b.Audit)
			setAdded(t, s, c.added)
			got, err := s.For(t.Context(), nobody, "phone")
			require.NoError(t, err)
			require.Equal(t, c.enabled, got["Account.proxyEnabled"])
			require.Equal(t, c.where, got["Account.proxyServer"])
			require.Equal(t, "false", got["Account.proxyListEnabled"], "no list from the internet")
			require.NoError(t, Check("Account.proxyServer", got["Account.proxyServer"]))
		})
	}
}
