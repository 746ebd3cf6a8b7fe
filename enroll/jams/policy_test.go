// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
)

// TestPolicies: members of a group are told what its policy says, when they enrol
// and at each start; others are not. Nobody loses a device when it goes.
func TestPolicies(t *testing.T) {
	box := appliancetest.New(t)
	call := func(method, path string, body any) {
		require.Less(t, box.Call(t, method, path, body, nil), 300, "%s %s", method, path)
	}
	clients := map[string]*appliancetest.Client{}
	for n, name := range []string{"alice", "bob"} {
		box.AddUser(t, name)
		clients[name] = box.NewClient(t)
		if name == "bob" {
			call(http.MethodPut, "/client-settings", map[string]string{"Account.videoEnabled": "false"})
			call(http.MethodPost, "/policies", map[string]any{"name": "mobile", "settings": map[string]string{"Account.proxyEnabled": "true"}})
			call(http.MethodPost, "/groups", map[string]string{"name": "mobile", "policy": "mobile"})
			call(http.MethodPut, "/groups/mobile/members/bob", nil)
		}
		clients[name].Enrol(t, name, n)
		require.Equal(t, http.StatusOK, clients[name].Login(t).Status)
	}
	told := func(name string) (settings map[string]string) {
		reply := clients[name].Do(t, http.MethodGet, "/api/auth/policyData", nil, nil)
		require.Equal(t, http.StatusOK, reply.Status)
		reply.JSON(t, &settings) // all values are texts
		return settings
	}
	require.Equal(t, "false", clients["alice"].Answer["Account.proxyEnabled"])
	require.Equal(t, "true", clients["bob"].Answer["Account.proxyEnabled"])
	require.Equal(t, "false", told("alice")["Account.proxyEnabled"])
	require.Equal(t, "true", told("bob")["Account.proxyEnabled"])
	require.Equal(t, "false", told("bob")["Account.videoEnabled"], "what is for everyone stays")

	call(http.MethodPut, "/groups/mobile/members/alice", nil)
	require.Equal(t, "true", told("alice")["Account.proxyEnabled"])
	call(http.MethodPatch, "/policies/mobile", map[string]any{"settings": map[string]string{"Account.proxyEnabled": "false"}})
	require.Equal(t, "false", told("bob")["Account.proxyEnabled"])

	call(http.MethodDelete, "/groups/mobile", nil)
	call(http.MethodDelete, "/policies/mobile", nil)
	for name, client := range clients {
		require.NotEmpty(t, told(name), "a token stays good")
		require.Equal(t, http.StatusOK, client.Login(t).Status, "and so does the device")
	}
}
