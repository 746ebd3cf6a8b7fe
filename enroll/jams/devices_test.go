// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
)

type listed struct {
	DeviceID string `json:"deviceId"`
	Alias    string `json:"alias"`
	Revoked  bool   `json:"revoked"`
}

func list(t *testing.T, c *appliancetest.Client) []listed {
	t.Helper()
	var devices []listed
	reply := c.Do(t, http.MethodGet, "/api/auth/devices", nil, nil)
	require.Equal(t, http.StatusOK, reply.Status)
	reply.JSON(t, &devices)
	return devices
}

func TestDeviceList(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	c, sibling, gone := box.NewClient(t), box.NewClient(t), box.NewClient(t)
	c.Enrol(t, "alice", 0)
	sibling.Enrol(t, "alice", 1)
	gone.Enrol(t, "alice", 2)
	require.Equal(t, http.StatusNoContent, box.Call(t, http.MethodPost, "/devices/"+deviceID(t, gone)+"/revoke", nil, nil))
	own := listed{deviceID(t, c), "machine 0", false}
	other := listed{deviceID(t, sibling), "machine 1", false}

	t.Run("a client of 2023 sees itself alone: it dies of a sibling it does not know", func(t *testing.T) {
		c.Agent = appliancetest.AgentOld
		require.Equal(t, http.StatusOK, c.Login(t).Status)
		require.Equal(t, []listed{own}, list(t, c))
	})
	t.Run("one that synchronises conversations sees its siblings, not the revoked", func(t *testing.T) {
		require.Equal(t, http.StatusOK, c.Do(t, http.MethodPost, "/api/auth/conversations", "[]", nil).Status)
		require.Equal(t, []listed{own, other}, list(t, c))
		require.Equal(t, http.StatusOK, c.Login(t).Status)
		require.Equal(t, []listed{own}, list(t, c), "on this token it never did")
	})
	t.Run("a client of 2025 sees all", func(t *testing.T) {
		c.Agent = appliancetest.AgentNew
		require.Equal(t, []listed{own, other, {deviceID(t, gone), "machine 2", true}}, list(t, c))
	})
}

func TestRevokeByUser(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	box.AddUser(t, "bob")
	c, sibling, foreign := box.NewClient(t), box.NewClient(t), box.NewClient(t)
	c.Enrol(t, "alice", 0)
	sibling.Enrol(t, "alice", 1)
	foreign.Enrol(t, "bob", 2)
	path := "/api/auth/device/" + deviceID(t, sibling)

	require.Equal(t, http.StatusOK, c.Login(t).Status)
	require.Equal(t, http.StatusForbidden, c.Do(t, http.MethodDelete, path, nil, nil).Status, "a device token is not enough")
	c.Token = ""
	var answer map[string]any
	c.Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic("alice", appliancetest.Password)).JSON(t, &answer)
	c.Token = answer["access_token"].(string)
	for _, id := range []string{deviceID(t, foreign), "nonsense", deviceID(t, sibling)[:40]} {
		require.Equal(t, http.StatusNotFound, c.Do(t, http.MethodDelete, "/api/auth/device/"+id, nil, nil).Status)
	}
	for range 2 {
		reply := c.Do(t, http.MethodDelete, path, nil, nil)
		require.Equal(t, http.StatusOK, reply.Status)
		answer = nil
		reply.JSON(t, &answer)
		require.NotContains(t, answer, "errorDetails")
	}
	require.Equal(t, http.StatusUnauthorized, sibling.Login(t).Status)
	require.Equal(t, http.StatusOK, foreign.Login(t).Status)
	require.Len(t, list(t, c), 2, "a user token is good for device endpoints")
}

func TestRenameByUser(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	var answer map[string]any
	c.Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic("alice", appliancetest.Password)).JSON(t, &answer)
	c.Token = answer["access_token"].(string)
	reply := c.Do(t, http.MethodPatch, "/api/v1/me/devices/"+deviceID(t, c), map[string]string{"name": "Küche 🍲"}, nil)
	require.Equal(t, http.StatusNoContent, reply.Status)
	require.Equal(t, "Küche 🍲", list(t, c)[0].Alias)
}
