// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/enroll/admin"
	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
)

// selfSigned returns a certificate that no box has issued.
func selfSigned(t *testing.T, n int) *tls.Certificate {
	t.Helper()
	key := appliancetest.DeviceKey(t, n)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "Jami device"},
		NotAfter: time.Now().Add(time.Hour),
	}, &x509.Certificate{}, key.Public(), key)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func deviceID(t *testing.T, c *appliancetest.Client) string {
	t.Helper()
	id, err := pki.DeviceID(c.Key.Public())
	require.NoError(t, err)
	return id
}

func TestDeviceLogin(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")

	t.Run("200/own certificate", func(t *testing.T) {
		c := box.NewClient(t)
		c.Enrol(t, "alice", 0)
		var answer map[string]any
		c.Login(t).JSON(t, &answer)
		require.Equal(t, "DEVICE", answer["scope"])
		require.Equal(t, "Bearer", answer["token_type"])
		require.Positive(t, answer["expires_in"])
	})
	t.Run("403/no certificate", func(t *testing.T) {
		require.Equal(t, http.StatusForbidden, box.NewClient(t).Login(t).Status)
	})
	t.Run("401/unknown certificate", func(t *testing.T) {
		c := box.NewClient(t)
		c.Present(selfSigned(t, 1))
		require.Equal(t, http.StatusUnauthorized, c.Login(t).Status)
	})
	t.Run("401/revoked device, and its token has ended", func(t *testing.T) {
		c := box.NewClient(t)
		c.Enrol(t, "alice", 2)
		require.Equal(t, http.StatusOK, c.Login(t).Status)
		token := c.Token
		require.Equal(t, http.StatusNoContent, box.Call(t, http.MethodPost, "/devices/"+deviceID(t, c)+"/revoke", map[string]int{"reason": 1}, nil))
		require.Equal(t, http.StatusUnauthorized, c.Login(t).Status)
		c.Token = token
		require.Equal(t, http.StatusUnauthorized, c.Do(t, http.MethodGet, "/api/auth/devices", nil, nil).Status)
	})
	t.Run("403/disabled user, 200 once enabled again", func(t *testing.T) {
		box.AddUser(t, "carol")
		c := box.NewClient(t)
		c.Enrol(t, "carol", 3)
		box.Call(t, http.MethodPost, "/users/carol/disable", nil, nil)
		require.Equal(t, http.StatusForbidden, c.Login(t).Status)
		box.Call(t, http.MethodPost, "/users/carol/enable", nil, nil)
		require.Equal(t, http.StatusOK, c.Login(t).Status)
	})
	t.Run("replaced certificate/both good until the new one is used", func(t *testing.T) {
		old := box.NewClient(t)
		old.Enrol(t, "alice", 4)
		fresh := box.NewClient(t)
		fresh.Enrol(t, "alice", 4)
		require.Equal(t, http.StatusOK, old.Login(t).Status, "the answer with the new one may be lost")
		require.Equal(t, http.StatusOK, fresh.Login(t).Status)
		require.Equal(t, http.StatusUnauthorized, old.Login(t).Status)
		require.Equal(t, http.StatusOK, fresh.Login(t).Status)
	})
}

func TestUserLogin(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	scope := func(reply appliancetest.Reply) any {
		var answer map[string]any
		reply.JSON(t, &answer)
		return answer["scope"]
	}
	c := box.NewClient(t)
	reply := c.Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic(`EXAMPLE\Alice`, appliancetest.Password))
	require.Equal(t, "USER", scope(reply), "basic")
	reply = c.Do(t, http.MethodPost, "/api/login", map[string]string{"username": "alice@example.org", "password": appliancetest.Password}, nil)
	require.Equal(t, "USER", scope(reply), "body")
	require.Equal(t, http.StatusUnauthorized, c.Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic("alice", "x")).Status)
	for _, body := range []string{`{`, `[]`, `{"username":1}`} {
		require.Equal(t, http.StatusBadRequest, c.Do(t, http.MethodPost, "/api/login", body, nil).Status, body)
	}
	reply = c.Do(t, http.MethodPost, "/api/login", "{}", func(r *http.Request) { r.Header.Set("Authorization", "Basic !!") })
	require.Equal(t, http.StatusBadRequest, reply.Status)
}

func TestExpiredDevice(t *testing.T) {
	box := appliancetest.New(t, func(_ *config.Config, r *admin.SetupRequest) {
		r.DeviceLifetime = organization.Lifetime(time.Second)
	})
	box.AddUser(t, "alice")
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	require.Eventually(t, func() bool { return c.Login(t).Status == http.StatusUnauthorized }, 10*time.Second, 100*time.Millisecond)
	// The client comes back with another key; its old device is replaced.
	again := box.NewClient(t)
	again.Key = appliancetest.DeviceKey(t, 1)
	reply := again.Do(t, http.MethodPost, "/api/auth/device",
		map[string]string{"csr": appliancetest.CSR(t, again.Key), "deviceName": "machine 0"}, appliancetest.Basic("alice", appliancetest.Password))
	require.Equal(t, http.StatusOK, reply.Status)
	var answer struct{ Devices []admin.Device }
	box.Call(t, http.MethodGet, "/users/alice/devices", nil, &answer)
	require.Equal(t, "replaced", answer.Devices[0].State)
	// The same key may come back too, and is the same device.
	require.Equal(t, http.StatusOK, box.Call(t, http.MethodPatch, "/ca/lifetimes", map[string]string{"device_lifetime": "1d"}, nil))
	c.Enrol(t, "alice", 0)
	box.Call(t, http.MethodGet, "/users/alice/devices", nil, &answer)
	require.Len(t, answer.Devices, 2)
	require.Equal(t, "active", answer.Devices[0].State)
}

func TestServerFaultIsNever401(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	require.Equal(t, http.StatusOK, c.Login(t).Status)
	token := c.Token
	require.NoError(t, box.Box.Store().Close(), "the database goes away")
	require.Equal(t, http.StatusServiceUnavailable, c.Login(t).Status)
	c.Token = token
	for _, path := range []string{"/api/auth/devices", "/api/auth/policyData", "/api/auth/directory/search?queryString=a"} {
		require.Equal(t, http.StatusServiceUnavailable, c.Do(t, http.MethodGet, path, nil, nil).Status, path)
	}
	reply := c.Do(t, http.MethodPost, "/api/auth/device",
		map[string]string{"csr": appliancetest.CSR(t, c.Key)}, appliancetest.Basic("alice", appliancetest.Password))
	require.Equal(t, http.StatusServiceUnavailable, reply.Status)
}

func TestMassRefusalIsStopped(t *testing.T) {
	box := appliancetest.New(t)
	statuses := map[int]int{}
	for n := range 12 {
		c := box.NewClient(t)
		c.Present(selfSigned(t, n%4))
		statuses[c.Login(t).Status]++
	}
	require.Equal(t, 5, statuses[http.StatusUnauthorized])
	require.Equal(t, 7, statuses[http.StatusServiceUnavailable])
	require.ErrorContains(t, box.Box.Enroll().Check(t.Context()), "reset-breaker")
	require.Equal(t, http.StatusNoContent, box.Call(t, http.MethodPost, "/breaker/reset", nil, nil))
	require.NoError(t, box.Box.Enroll().Check(t.Context()))
}

func TestTrustedProxy(t *testing.T) {
	box := appliancetest.New(t, func(cfg *config.Config, _ *admin.SetupRequest) {
		cfg.Server.TrustedProxies = []string{"127.0.0.1"}
	})
	box.AddUser(t, "alice")
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Chain[0].Raw}))
	proxied := box.NewClient(t)
	proxied.Base = box.HTTPURL
	login := func(header, value string) int {
		return proxied.Do(t, http.MethodPost, "/api/login", "{}", func(r *http.Request) {
			if header != "" {
				r.Header.Set(header, value)
			}
		}).Status
	}
	require.Equal(t, http.StatusOK, login("X-Client-Cert", url.QueryEscape(text)))
	require.Equal(t, http.StatusOK, login("X-Client-Cert", base64.StdEncoding.EncodeToString(c.Chain[0].Raw)))
	require.Equal(t, http.StatusForbidden, login("", ""), "the proxy got no certificate, or dropped it")
	require.Equal(t, http.StatusForbidden, login("X-Client-Cert", ""))
	require.Equal(t, http.StatusBadRequest, login("X-Client-Cert", "garbage"))
	require.Equal(t, http.StatusForbidden, login("Client-Cert", base64.StdEncoding.EncodeToString(c.Chain[0].Raw)),
		"a header that the proxy passes through from the client")
}

func TestForgedProxyHeader(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	forger := box.NewClient(t)
	reply := forger.Do(t, http.MethodPost, "/api/login", "{}", func(r *http.Request) {
		r.Header.Set("X-Client-Cert", base64.StdEncoding.EncodeToString(c.Chain[0].Raw))
	})
	require.Equal(t, http.StatusBadRequest, reply.Status)
}

func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	box := appliancetest.Open(t, dir)
	box.AddUser(t, "alice")
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	require.Equal(t, http.StatusOK, c.Login(t).Status)
	box.Stop(t)

	box = appliancetest.Open(t, dir)
	c.Base = box.URL
	require.Equal(t, http.StatusOK, c.Do(t, http.MethodGet, "/api/auth/devices", nil, nil).Status, "the token is still good")
	require.Equal(t, http.StatusOK, c.Login(t).Status)
}
