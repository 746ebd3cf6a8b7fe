// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
)

// FuzzBodies sends any body to each route that takes one. Whatever comes in
// is the sender's fault and never the server's: 503 would hide a panic.
func FuzzBodies(f *testing.F) {
	box := appliancetest.New(f)
	box.AddUser(f, "alice")
	c := box.NewClient(f)
	c.Enrol(f, "alice", 0)
	require.Equal(f, http.StatusOK, c.Login(f).Status)
	routes := []struct {
		path string
		edit func(*http.Request)
	}{
		{"/api/auth/device", appliancetest.Basic("alice", appliancetest.Password)},
		{"/api/login", func(r *http.Request) { r.Header.Del("Authorization") }},
		{"/api/auth/contacts", nil},
		{"/api/auth/conversations", nil},
		{"/api/auth/conversationRequests", nil},
	}
	for i, seed := range []string{
		`{"csr":"-----BEGIN NEW CERTIFICATE REQUEST-----\nAAAA\n-----END NEW CERTIFICATE REQUEST-----\n","deviceName":"x"}`,
		`{"username":"alice","password":"x"}`,
		`[{"uri":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","added":1,"addedMs":1000,"confirmed":true,"x":[{}]}]`,
		`[{"id":"c","created":1,"members":[{"uri":"x"}]}]`,
		`[{"conversationId":"c","from":"x","received":1,"declined":2,"metadatas":{"a":"b"}}]`,
	} {
		f.Add(byte(i), []byte(seed))
	}
	c.KeepAlive()
	f.Fuzz(func(t *testing.T, route byte, body []byte) {
		r := routes[int(route)%len(routes)]
		reply := c.Do(t, http.MethodPost, r.path, string(body), r.edit)
		require.Less(t, reply.Status, http.StatusInternalServerError, "%s", reply.Body)
	})
}
