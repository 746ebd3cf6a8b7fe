// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/enroll/admin"
)

// The URL is what a person typed; clients append their paths to it as it is.
func TestURLForms(t *testing.T) {
	box := appliancetest.New(t, func(_ *config.Config, r *admin.SetupRequest) {
		r.PublicURL = "https://127.0.0.1:8443/jami/"
	})
	box.AddUser(t, "alice")
	for n, suffix := range []string{"", "/", "/jami", "/jami/", "//jami//"} {
		c := box.NewClient(t)
		c.Base += suffix
		c.Enrol(t, "alice", n)
		require.Equal(t, http.StatusOK, c.Login(t).Status, suffix)
		require.Equal(t, http.StatusOK, c.Do(t, http.MethodGet, c.Answer["nameServer"].(string)+"/name/alice", nil, nil).Status, suffix)
	}
}

func TestPlainHTTP(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	c := box.NewClient(t)
	c.Base = box.HTTPURL
	for _, call := range []struct{ method, path string }{
		{http.MethodPost, "/api/auth/device"}, {http.MethodPost, "/api/login"}, {http.MethodGet, "/api/auth/devices"},
		{http.MethodGet, "/api/v1/status"}, {http.MethodGet, "//api/auth/devices"}, {http.MethodGet, "/api"},
	} {
		reply := c.Do(t, call.method, call.path, "{}", appliancetest.Basic("alice", appliancetest.Password))
		require.Equal(t, http.StatusForbidden, reply.Status, call.path)
		require.Empty(t, reply.Header.Get("Location"))
	}
	reply := c.Do(t, http.MethodGet, "/", nil, nil)
	require.Equal(t, http.StatusFound, reply.Status)
	require.Equal(t, "https://127.0.0.1:8443/", reply.Header.Get("Location"))
	require.Contains(t, string(c.Do(t, http.MethodGet, "/root.pem", nil, nil).Body), "BEGIN CERTIFICATE")
}

func TestEveryAnswer(t *testing.T) {
	box := appliancetest.New(t)
	c := box.NewClient(t)
	for path, status := range map[string]int{
		"/api/nothing": http.StatusNotFound, "/api/login": http.StatusMethodNotAllowed, "/api/info": http.StatusOK,
		"/api/auth/devices": http.StatusUnauthorized, "/healthz": http.StatusOK, "/readyz": http.StatusOK,
	} {
		reply := c.Do(t, http.MethodGet, path, nil, nil)
		require.Equal(t, status, reply.Status, path)
		require.Equal(t, "nosniff", reply.Header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-store", reply.Header.Get("Cache-Control"), path)
		require.True(t, strings.HasPrefix(reply.Header.Get("Content-Type"), "application/json"), path)
		var body map[string]any
		reply.JSON(t, &body)
	}
	var info map[string]any
	c.Do(t, http.MethodGet, "/api/info", nil, nil).JSON(t, &info)
	require.Equal(t, "true", info["installed"])
}

func TestCompressedBody(t *testing.T) {
	box := appliancetest.New(t)
	for _, path := range []string{"/api/login", "/api/auth/device", "/api/ocsp/x", "/api/v1/session"} {
		reply := box.NewClient(t).Do(t, http.MethodPost, path, "{}", func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") })
		require.Equal(t, http.StatusUnsupportedMediaType, reply.Status, path)
	}
}
