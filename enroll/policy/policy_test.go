// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"context"
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
	return New(b.Store, network{
		bootstrap: []string{"10.0.0.1:4222", "[2001:db8::1]:4222"},
		relay:     map[string]Relay{"laptop": {Server: "10.0.0.1", Username: "u", Password: "p", Realm: "r"}},
	}, b.Audit), b
}

func TestFor(t *testing.T) {
	s, _ := newService(t)
	isolated := map[string]string{
		"Account.hostname": "10.0.0.1:4222;[2001:db8::1]:4222", "Account.bootstrapListUrl": "", "Account.dhtProxyListUrl": "",
		"Account.proxyEnabled": "false", "Account.proxyListEnabled": "false", "Account.proxyServer": "", "Account.upnpEnabled": "false",
		"Account.peerDiscovery": "true", "DHT.AllowFromTrusted": "true", "DHT.PublicInCalls": "false", "Account.defaultModerators": "",
		"TURN.enable": "false",
	}
	got, err := s.For(t.Context(), "a device without a relay")
	require.NoError(t, err)
	require.Equal(t, isolated, got)

	maps.Copy(isolated, map[string]string{"TURN.enable": "true", "TURN.server": "10.0.0.1", "TURN.username": "u", "TURN.password": "p", "TURN.realm": "r"})
	got, err = s.For(t.Context(), "laptop")
	require.NoError(t, err)
	require.Equal(t, isolated, got)

	added := map[string]string{"Account.videoEnabled": "false", "Account.upnpEnabled": "true", "TURN.server": "relay.example", "Account.defaultModerators": strings.Repeat("a", 40)}
	require.NoError(t, s.SetAdded(t.Context(), added))
	maps.Copy(isolated, added)
	got, err = s.For(t.Context(), "laptop")
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
			s := New(b.Store, network{bootstrap: []string{"10.0.0.1:4222"}, proxy: url, useProxy: c.use}, b.Audit)
			require.NoError(t, s.SetAdded(t.Context(), c.added))
			got, err := s.For(t.Context(), "phone")
			require.NoError(t, err)
			require.Equal(t, c.enabled, got["Account.proxyEnabled"])
			require.Equal(t, c.where, got["Account.proxyServer"])
			require.Equal(t, "false", got["Account.proxyListEnabled"], "no list from the internet")
			require.NoError(t, Check("Account.proxyServer", got["Account.proxyServer"]))
		})
	}
}

func TestAdded(t *testing.T) {
	s, b := newService(t)
	ctx := t.Context()
	none := map[string]string{}
	got, err := s.Added(ctx)
	require.NoError(t, err)
	require.Equal(t, none, got)
	for _, added := range []map[string]string{{"Account.videoEnabled": "false"}, nil, {"Account.autoAnswer": "true"}, {}} {
		require.NoError(t, s.SetAdded(ctx, added))
		got, err = s.Added(ctx)
		require.NoError(t, err)
		require.NotNil(t, got)
		require.Len(t, got, len(added))
	}
	require.NoError(t, s.SetAdded(ctx, map[string]string{"Account.autoAnswer": "true"}))
	err = s.SetAdded(ctx, map[string]string{"Account.videoEnabled": "maybe", "TLS.password": "x", "Account.autoAnswer": "false", "made.up": "1"})
	require.ErrorIs(t, err, ErrInvalid)
	for _, problem := range []string{"Account.videoEnabled", "TLS.password", "made.up"} {
		require.ErrorContains(t, err, problem)
	}
	got, err = s.Added(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Account.autoAnswer": "true"}, got, "all or nothing")

	entries, err := b.Store.Audit(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, "client settings changed", entries[0].Action)
	require.NotContains(t, entries[0].Detail, "autoAnswer")

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.For(cancelled, "laptop")
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, b.Store.SetSetting(ctx, settingName, []byte("{")))
	_, err = s.For(ctx, "laptop")
	require.ErrorContains(t, err, "reading the client settings")
}

// jami-clients.md section 3 and features.md name these; each breaks a client.
func TestDenied(t *testing.T) {
	for _, key := range []string{
		"TLS.certificateListFile", "TLS.certificateFile", "TLS.privateKeyFile", "TLS.password", "TLS.anything", "tls.password",
		"Account.proxyPushToken", "Account.proxyPushPlatform", "Account.proxyPushiOSTopic", "proxyPushToken", "proxyPushPlatform", "proxyPushiOSTopic",
		"Account.archiveHasPassword", "Account.archivePassword", "Account.archivePasswordScheme", "Account.archivePath", "Account.archiveURL",
		"account.archivepath", "Account.managerUri", "Account.managerUsername", "RingNS.uri", "RingNS.account",
	} {
		for _, value := range []string{"", "true", "false", "x"} {
			err := Check(key, value)
			require.ErrorIs(t, err, ErrInvalid)
			require.ErrorContains(t, err, key+" is never sent to clients: ")
		}
	}
	for _, key := range []string{
		"", "nonsense", "Account.username", "Account.type", "Account.registeredName", "Account.deviceID", "account.hostname", " Account.hostname",
		"Account.hostname\x00", "certificateChain", "deviceReceipt", "receiptSignature", "nameServer", "STUN.server", "Account.displayName",
	} {
		err := Check(key, "true")
		require.ErrorIs(t, err, ErrInvalid, key)
		require.ErrorContains(t, err, "is not a setting that Jami clients take")
	}
	for key := range keys {
		for _, d := range denied {
			require.False(t, strings.HasPrefix(strings.ToLower(key), strings.ToLower(d.prefix)), key)
		}
	}
}

func TestValues(t *testing.T) {
	for key, values := range map[string]struct{ good, bad []string }{
		"Account.videoEnabled":    {[]string{"true", "false"}, []string{"", "True", "1", "yes", " true"}},
		"Account.activeCallLimit": {[]string{"-1", "0", "3"}, []string{"", "x", "1.5", "99999999999", "1 "}},
		"Account.dhtPort":         {[]string{"0", "4222", "65535"}, []string{"", "-1", "65536", "x"}},
		"Account.hostname":        {[]string{"10.0.0.1", "a:4222;b"}, []string{"", " "}},
		"TURN.server":             {[]string{"relay"}, []string{""}},
		"TURN.password":           {[]string{"", "x", "é"}, []string{"\xff", strings.Repeat("x", maxValueBytes+1)}},
		"Account.uiCustomization": {[]string{"", "{}", `{"title":"x"}`}, []string{"[]", "null", `"x"`, "{", "1"}},
		"DHT.PublicInCalls":       {[]string{"true"}, []string{"null"}},
	} {
		for _, v := range values.good {
			require.NoError(t, Check(key, v), "%s %q", key, v)
		}
		for _, v := range values.bad {
			err := Check(key, v)
			require.ErrorIs(t, err, ErrInvalid, "%s %q", key, v)
			require.ErrorContains(t, err, key)
		}
	}
}

func TestPortRanges(t *testing.T) {
	s, _ := newService(t)
	for name, c := range map[string]struct {
		low, high string
		ok        bool
	}{
		"both": {"20000", "20100", true}, "no end": {"20000", "", false}, "no begin": {"", "20100", false}, "begin 0": {"0", "20100", false},
		"turned": {"20100", "20000", false}, "equal": {"20000", "20000", false},
	} {
		for _, media := range []string{"audio", "video"} {
			added := map[string]string{}
			if c.low != "" {
				added["Account."+media+"PortMin"] = c.low
			}
			if c.high != "" {
				added["Account."+media+"PortMax"] = c.high
			}
			err := s.SetAdded(t.Context(), added)
			if c.ok {
				require.NoError(t, err, name)
				continue
			}
			require.ErrorIs(t, err, ErrInvalid, name)
			require.ErrorContains(t, err, media+"PortMin")
		}
	}
}
