// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/enroll/admin"
	"jamibox/enroll/pki"
	"jamibox/enroll/receipt"
)

func withRelayAndDHT(cfg *config.Config, r *admin.SetupRequest) {
	// Not run, as their ports are fixed; only named to clients.
	r.Advertise = []string{"10.0.0.1", "fd00::1"}
}

func TestEnrolment(t *testing.T) {
	box := appliancetest.New(t, withRelayAndDHT)
	alice := box.AddUser(t, "Alice", "first_name", "Alice", "last_name", "Example")
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)

	t.Run("every value is a scalar", func(t *testing.T) {
		for key, value := range c.Answer {
			require.IsType(t, "", value, key)
		}
	})
	t.Run("the chain is device, account, organisation", func(t *testing.T) {
		require.Len(t, c.Chain, 3)
		require.NoError(t, c.Chain[0].CheckSignatureFrom(c.Chain[1]))
		require.NoError(t, c.Chain[1].CheckSignatureFrom(c.Chain[2]))
		require.True(t, c.Key.PublicKey.Equal(c.Chain[0].PublicKey), "the key is the device's own")
		require.Equal(t, []string{"http://127.0.0.1" + box.HTTPURL[strings.LastIndex(box.HTTPURL, ":"):] + "/api/ocsp/" + alice.AccountID}, c.Chain[0].OCSPServer)
	})
	t.Run("the receipt holds", func(t *testing.T) {
		account, ok := c.Chain[1].PublicKey.(*rsa.PublicKey)
		require.True(t, ok)
		text, signature := c.Answer["deviceReceipt"].(string), c.Answer["receiptSignature"].(string)
		require.NoError(t, receipt.Verify(text, signature, account, &c.Key.PublicKey))
		var members map[string]string
		require.NoError(t, json.Unmarshal([]byte(text), &members))
		require.Equal(t, alice.AccountID, members["id"])
		short, err := pki.ShortDeviceID(c.Key.Public())
		require.NoError(t, err)
		require.Equal(t, short, members["dev"])
	})
	t.Run("the client is told everything", func(t *testing.T) {
		for key, value := range map[string]string{
			"Account.hostname":          "10.0.0.1:4222;[fd00::1]:4222",
			"Account.bootstrapListUrl":  "",
			"Account.proxyEnabled":      "false",
			"Account.proxyListEnabled":  "false",
			"Account.dhtProxyListUrl":   "",
			"Account.upnpEnabled":       "false",
			"Account.peerDiscovery":     "true",
			"Account.defaultModerators": "",
			"Account.displayName":       "Alice Example",
			"DHT.AllowFromTrusted":      "true",
			"DHT.PublicInCalls":         "false",
			"nameServer":                "/api/nameserver",
		} {
			require.Equal(t, value, c.Answer[key], key)
		}
	})
	t.Run("a second device has the same account", func(t *testing.T) {
		second := box.NewClient(t)
		second.Enrol(t, " ALICE ", 1)
		require.Equal(t, c.Chain[1].RawSubjectPublicKeyInfo, second.Chain[1].RawSubjectPublicKeyInfo)
	})
	t.Run("policyData has the same values", func(t *testing.T) {
		require.Equal(t, http.StatusOK, c.Login(t).Status)
		var settings map[string]string
		c.Do(t, http.MethodGet, "/api/auth/policyData", nil, nil).JSON(t, &settings)
		require.Contains(t, settings, "Account.defaultModerators")
		for key, value := range settings {
			require.Equal(t, value, c.Answer[key], key)
		}
	})
	t.Run("a password alone does not lead to the relay", func(t *testing.T) {
		var answer map[string]any
		user := box.NewClient(t)
		user.Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic("alice", appliancetest.Password)).JSON(t, &answer)
		user.Token = answer["access_token"].(string)
		var settings map[string]string
		user.Do(t, http.MethodGet, "/api/auth/policyData", nil, nil).JSON(t, &settings)
		require.Contains(t, settings, "Account.hostname")
		for key := range settings {
			require.NotContains(t, key, "TURN.")
		}
	})
	t.Run("a changed policy comes with the next policyData", func(t *testing.T) {
		require.Equal(t, http.StatusOK, box.Call(t, http.MethodPut, "/client-settings", map[string]string{"Account.videoEnabled": "false"}, nil))
		var settings map[string]string
		c.Do(t, http.MethodGet, "/api/auth/policyData", nil, nil).JSON(t, &settings)
		require.Equal(t, "false", settings["Account.videoEnabled"])
	})
}

func TestRelayCredentials(t *testing.T) {
	box := appliancetest.New(t, withRelayAndDHT, func(cfg *config.Config, _ *admin.SetupRequest) {
		cfg.Turn.Enabled = true
		cfg.Turn.Listen = []string{"127.0.0.1:0"}
		cfg.Turn.Advertise = []string{"127.0.0.1"}
	})
	box.AddUser(t, "alice")
	first, second := box.NewClient(t), box.NewClient(t)
	first.Enrol(t, "alice", 0)
	second.Enrol(t, "alice", 1)
	require.Equal(t, "true", first.Answer["TURN.enable"])
	require.NotEmpty(t, first.Answer["TURN.password"])
	require.NotEqual(t, first.Answer["TURN.username"], second.Answer["TURN.username"])
	require.NotEqual(t, first.Answer["TURN.password"], second.Answer["TURN.password"])
	again := box.NewClient(t)
	again.Enrol(t, "alice", 0)
	require.Equal(t, first.Answer["TURN.password"], again.Answer["TURN.password"], "credentials are stable")
}

func TestEnrolmentRefused(t *testing.T) {
	box := appliancetest.New(t)
	for _, name := range []string{"alice", "bob", "disabled", "revoked"} {
		box.AddUser(t, name)
	}
	require.Equal(t, http.StatusOK, box.Call(t, http.MethodPost, "/users/disabled/disable", nil, nil))
	require.Equal(t, http.StatusOK, box.Call(t, http.MethodPost, "/users/revoked/revoke", nil, nil))
	good := appliancetest.CSR(t, appliancetest.DeviceKey(t, 0))
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	curveCSR, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, curve)
	require.NoError(t, err)
	block, _ := pem.Decode([]byte(good))
	forged := bytes.Clone(block.Bytes)
	forged[len(forged)-1] ^= 1
	asPEM := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	}
	body := func(csr string) string {
		raw, err := json.Marshal(map[string]string{"csr": csr, "deviceName": "x"})
		require.NoError(t, err)
		return string(raw)
	}
	pass := appliancetest.Password
	for _, test := range []struct {
		name, user, password, body string
		contentType                string
		status                     int
	}{
		{name: "credentials/wrong password", user: "alice", password: "wrong", body: body(good), status: 401},
		{name: "credentials/empty password", user: "alice", body: body(good), status: 401},
		{name: "credentials/unknown user", user: "nobody", password: pass, body: body(good), status: 401},
		{name: "credentials/disabled user", user: "disabled", password: pass, body: body(good), status: 401},
		{name: "credentials/revoked user", user: "revoked", password: pass, body: body(good), status: 401},
		{name: "credentials/SQL", user: `alice' OR '1'='1`, password: pass, body: body(good), status: 401},
		{name: "credentials/LDAP", user: `*)(uid=*))(|(uid=*`, password: pass, body: body(good), status: 401},
		{name: "json/malformed", user: "alice", password: pass, body: `{"csr":`, status: 400},
		{name: "json/list", user: "alice", password: pass, body: `[]`, status: 400},
		{name: "json/csr is a number", user: "alice", password: pass, body: `{"csr":7}`, status: 400},
		{name: "json/empty", user: "alice", password: pass, body: ``, status: 400},
		{name: "csr/missing", user: "alice", password: pass, body: `{}`, status: 400},
		{name: "csr/not PEM", user: "alice", password: pass, body: body("hello"), status: 400},
		{name: "csr/wrong signature", user: "alice", password: pass, body: body(asPEM(forged)), status: 400},
		{name: "csr/weak key", user: "alice", password: pass, body: body(appliancetest.CSR(t, weak)), status: 400},
		{name: "csr/unsupported key", user: "alice", password: pass, body: body(asPEM(curveCSR)), status: 400},
		{name: "body/too large", user: "alice", password: pass, body: `{"csr":"` + strings.Repeat("x", 70<<10) + `"}`, status: 413},
		{name: "body/far too large", user: "alice", password: pass, body: strings.Repeat("x", 5<<20), status: 413},
		{name: "body/content type", user: "alice", password: pass, body: body(good), contentType: "text/xml", status: 415},
	} {
		t.Run(test.name, func(t *testing.T) {
			reply, err := box.NewClient(t).TryDo(http.MethodPost, "/api/auth/device", test.body, func(r *http.Request) {
				r.SetBasicAuth(test.user, test.password)
				if test.contentType != "" {
					r.Header.Set("Content-Type", test.contentType)
				}
			})
			if test.status == http.StatusRequestEntityTooLarge && err != nil {
				// The server hangs up before the whole body was sent.
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.status, reply.Status, "%s", reply.Body)
			var answer struct{ Message string }
			reply.JSON(t, &answer)
			require.NotEmpty(t, answer.Message)
			require.NotContains(t, string(reply.Body), pass)
		})
	}
	t.Run("nothing is left behind", func(t *testing.T) {
		for _, user := range []string{"alice", "disabled", "revoked"} {
			var answer struct{ Devices []admin.Device }
			box.Call(t, http.MethodGet, "/users/"+user+"/devices", nil, &answer)
			require.Empty(t, answer.Devices)
		}
	})
	t.Run("key/of another user", func(t *testing.T) {
		box.NewClient(t).Enrol(t, "bob", 2)
		reply := box.NewClient(t).Do(t, http.MethodPost, "/api/auth/device",
			body(appliancetest.CSR(t, appliancetest.DeviceKey(t, 2))), appliancetest.Basic("alice", pass))
		require.Equal(t, http.StatusConflict, reply.Status)
	})
	t.Run("key/revoked", func(t *testing.T) {
		c := box.NewClient(t)
		c.Enrol(t, "bob", 3)
		id, err := pki.DeviceID(c.Key.Public())
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, box.Call(t, http.MethodPost, "/devices/"+id+"/revoke", nil, nil))
		reply := c.Do(t, http.MethodPost, "/api/auth/device", body(appliancetest.CSR(t, c.Key)), appliancetest.Basic("bob", pass))
		require.Equal(t, http.StatusForbidden, reply.Status)
	})
	t.Run("passwords are not in the log", func(t *testing.T) {
		require.NotContains(t, box.Log.String(), pass)
		require.NotContains(t, box.Log.String(), "CERTIFICATE REQUEST")
	})
}

func TestNotSetUp(t *testing.T) {
	box := appliancetest.New(t, func(_ *config.Config, r *admin.SetupRequest) { r.Organization = "" })
	c := box.NewClient(t)
	c.TrustAny()
	reply := c.Do(t, http.MethodPost, "/api/auth/device", `{}`, appliancetest.Basic("alice", appliancetest.Password))
	require.NotEqual(t, http.StatusOK, reply.Status)
	reply = c.Do(t, http.MethodGet, "/readyz", nil, nil)
	require.Equal(t, http.StatusServiceUnavailable, reply.Status)
}
