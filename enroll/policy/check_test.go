// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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
			_, err := s.SetAdded(t.Context(), texts(added))
			if c.ok {
				require.NoError(t, err, name)
				continue
			}
			require.ErrorIs(t, err, ErrInvalid, name)
			require.ErrorContains(t, err, media+"PortMin")
		}
	}
}

func TestNearest(t *testing.T) {
	for given, want := range map[string]string{
		"Account.videoEnable": "Account.videoEnabled", "videoEnabled": "Account.videoEnabled", "account.HOSTNAME": "Account.hostname",
		"proxyenabled": "Account.proxyEnabled", "TURN.pasword": "TURN.password", "AllowFromTrusted": "DHT.AllowFromTrusted",
		"DHT.publicInCalls": "DHT.PublicInCalls", "nonsense": "", "": "", "made.up": "", strings.Repeat("Account.videoEnabled", 4): "",
	} {
		require.Equal(t, want, nearest(given), given)
		if want != "" {
			require.ErrorContains(t, Check(given, "true"), "did you mean "+want+"?")
		}
	}
}

func TestKeys(t *testing.T) {
	list := Keys()
	require.Len(t, list, len(keys))
	for _, k := range list {
		require.NotEmpty(t, k.Expects, k.Name)
		require.NotEmpty(t, k.Meaning, k.Name)
		require.NoError(t, CheckKey(k.Name))
	}
	require.True(t, IsSecret("TURN.password"))
	require.False(t, IsSecret("TURN.username"))
	require.False(t, IsSecret("made up"))
}

func TestWarnings(t *testing.T) {
	for _, r := range risks {
		require.NoError(t, CheckKey(r.key))
		value := r.value
		if value == "" {
			value = "x"
		} else {
			require.NoError(t, Check(r.key, value))
			require.Empty(t, Warnings(texts(map[string]string{r.key: map[string]string{"true": "false", "false": "true"}[value]})), r.key)
		}
		require.Equal(t, []string{r.key + ": " + r.why}, Warnings(texts(map[string]string{r.key: value})))
	}
	require.Equal(t, []string{}, Warnings(nil))
	require.Empty(t, Warnings(Settings{"TURN.server": new("x"), "TURN.username": new("x"), "TURN.password": nil}))
}
