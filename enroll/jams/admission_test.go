// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
)

// tryEnrol enrols the nth device key for a user and returns the answer.
func tryEnrol(t *testing.T, box *appliancetest.Box, user string, n int) (int, string) {
	t.Helper()
	reply := box.NewClient(t).Do(t, http.MethodPost, "/api/auth/device", map[string]string{
		"csr": appliancetest.CSR(t, appliancetest.DeviceKey(t, n)), "deviceName": fmt.Sprintf("machine %d", n),
	}, appliancetest.Basic(user, appliancetest.Password))
	var answer struct{ Message string }
	reply.JSON(t, &answer)
	return reply.Status, answer.Message
}

// TestAdmission: who may not enrol is told so with a 403, and devices that were
// enrolled before go on.
func TestAdmission(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	box.AddUser(t, "bob")
	call := func(method, path string, body any) {
		require.Less(t, box.Call(t, method, path, body, nil), 300, "%s %s", method, path)
	}
	call(http.MethodPost, "/groups", map[string]string{"name": "staff"})
	call(http.MethodPut, "/groups/staff/members/bob", nil)
	early := box.NewClient(t)
	early.Enrol(t, "alice", 0)

	call(http.MethodPut, "/admission", map[string]string{"admission": "groups"})
	status, words := tryEnrol(t, box, "alice", 1)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, words, "you are in none")
	status, _ = tryEnrol(t, box, "bob", 2)
	require.Equal(t, http.StatusOK, status)
	call(http.MethodPatch, "/groups/staff", map[string]bool{"may_enrol": false})
	status, words = tryEnrol(t, box, "bob", 3)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, words, "none of your groups")
	require.Contains(t, box.Log.String(), "enrolment refused")
	wrong := box.NewClient(t).Do(t, http.MethodPost, "/api/auth/device", map[string]string{"csr": "x"},
		appliancetest.Basic("alice", "wrong password"))
	require.Equal(t, http.StatusUnauthorized, wrong.Status, "only who knows the password is told more")

	require.Equal(t, http.StatusOK, early.Login(t).Status)
	call(http.MethodDelete, "/groups/staff", nil)
	require.Equal(t, http.StatusOK, early.Login(t).Status)
	call(http.MethodPut, "/admission", map[string]string{"admission": "everyone"})
	status, _ = tryEnrol(t, box, "bob", 3)
	require.Equal(t, http.StatusOK, status)
}

func TestDeviceLimit(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	call := func(method, path string, body any) {
		require.Less(t, box.Call(t, method, path, body, nil), 300, "%s %s", method, path)
	}
	call(http.MethodPost, "/groups", map[string]any{"name": "guests", "device_limit": 2})
	call(http.MethodPut, "/groups/guests/members/alice", nil)

	var mu sync.Mutex
	answers := map[int]int{}
	var group sync.WaitGroup
	for n := range 4 {
		// Made here: a test may only fail in its own goroutine.
		csr, client := appliancetest.CSR(t, appliancetest.DeviceKey(t, n)), box.NewClient(t)
		group.Go(func() {
			reply, err := client.TryDo(http.MethodPost, "/api/auth/device",
				map[string]string{"csr": csr, "deviceName": fmt.Sprint(n)}, appliancetest.Basic("alice", appliancetest.Password))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				answers[n] = reply.Status
			}
		})
	}
	group.Wait()
	var in, out []int
	for n, status := range answers {
		switch status {
		case http.StatusOK:
			in = append(in, n)
		case http.StatusForbidden:
			out = append(out, n)
		}
	}
	require.Len(t, in, 2, "also at the same moment: %v", answers)
	require.Len(t, out, 2, "%v", answers)

	status, _ := tryEnrol(t, box, "alice", in[0])
	require.Equal(t, http.StatusOK, status, "a key that is known is the same device")
	status, words := tryEnrol(t, box, "alice", out[0])
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, words, "(2)")
	require.Contains(t, words, "revoke one")

	var list struct {
		Devices []struct {
			DeviceID string `json:"device_id"`
			Name     string
		}
	}
	require.Equal(t, http.StatusOK, box.Call(t, http.MethodGet, "/users/alice/devices", nil, &list))
	require.Len(t, list.Devices, 2)
	call(http.MethodPost, "/devices/"+list.Devices[0].DeviceID+"/revoke", map[string]int{"reason": 5})
	status, _ = tryEnrol(t, box, "alice", out[0])
	require.Equal(t, http.StatusOK, status, "a revoked device makes room")
	status, _ = tryEnrol(t, box, "alice", out[1])
	require.Equal(t, http.StatusForbidden, status)
	call(http.MethodDelete, "/groups/guests", nil)
	status, _ = tryEnrol(t, box, "alice", out[1])
	require.Equal(t, http.StatusOK, status)
}

// TestVisibility: clients are given what the groups of a person show.
func TestVisibility(t *testing.T) {
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	box.AddUser(t, "bob", "first_name", "Bob", "last_name", "Boss", "phone", "+33 1 23", "email", "bob@example.org")
	box.AddUser(t, "carol", "first_name", "Carol", "phone", "+33 1 24", "email", "carol@example.org")
	call := func(method, path string, body any) {
		require.Less(t, box.Call(t, method, path, body, nil), 300, "%s %s", method, path)
	}
	call(http.MethodPost, "/groups", map[string]any{"name": "bosses", "shows": []string{"first_name"}})
	call(http.MethodPut, "/groups/bosses/members/bob", nil)
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	require.Equal(t, http.StatusOK, c.Login(t).Status)
	people := func(query string) map[string]map[string]any {
		reply := c.Do(t, http.MethodGet, "/api/auth/directory/search?queryString="+query, nil, nil)
		require.Equal(t, http.StatusOK, reply.Status)
		var answer struct{ Profiles []map[string]any }
		reply.JSON(t, &answer)
		found := map[string]map[string]any{}
		for _, p := range answer.Profiles {
			found[p["username"].(string)] = p
		}
		return found
	}
	found := people("*")
	require.Len(t, found, 3)
	require.Equal(t, "+33 1 24", found["carol"]["phoneNumber"])
	require.Equal(t, "carol@example.org", found["carol"]["email"])
	bob := found["bob"]
	require.Equal(t, "Bob", bob["firstName"])
	require.Equal(t, "", bob["lastName"], "clients want the member")
	require.NotContains(t, bob, "phoneNumber")
	require.NotContains(t, bob, "email")
	for member, value := range bob {
		require.IsType(t, "", value, member)
	}
	require.Len(t, people("33%2012"), 1, "carol's number, not bob's")

	call(http.MethodPost, "/groups", map[string]any{"name": "guests", "finds": []string{}})
	call(http.MethodPut, "/groups/guests/members/alice", nil)
	require.Empty(t, people("carol"))
}
