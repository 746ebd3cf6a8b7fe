// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	d "jamibox/enroll/directory/directorytest"
)

// A person of a directory enrols as anybody does, and one whose directory is
// down is never told that the password is wrong.
func TestEnrolmentFromADirectory(t *testing.T) {
	box := appliancetest.New(t)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice", "givenName", "Alice", "sn", "Liddell") + d.Person("bob")})
	require.Equal(t, http.StatusCreated, box.Call(t, http.MethodPost, "/sources", map[string]any{
		"name": "corp", "bind_password": d.ReaderPassword,
		"config": map[string]any{
			"kind": "ldap", "preset": "openldap", "urls": []string{server.URL()}, "tls": "none", "allow_plaintext_bind": true,
			"bind_dn": d.Reader, "bases": []string{d.People},
		},
	}, nil))
	c := box.NewClient(t)
	c.Key = appliancetest.DeviceKey(t, 0)
	enrol := func(user, password string) appliancetest.Reply {
		return c.Do(t, http.MethodPost, "/api/auth/device", map[string]string{
			"csr": appliancetest.CSR(t, c.Key), "deviceName": "laptop",
		}, appliancetest.Basic(user, password))
	}
	reply := enrol("alice@example.test", d.Password)
	require.Equal(t, http.StatusOK, reply.Status, "%s", reply.Body)
	c.Adopt(t, reply)
	require.Equal(t, "alice", c.Answer["displayName"], "the cn")
	require.Equal(t, http.StatusOK, c.Login(t).Status)
	require.Equal(t, http.StatusUnauthorized, enrol("alice", "wrong").Status)

	server.Kill()
	for _, who := range []struct{ user, password string }{{"bob", d.Password}, {"bob", "wrong"}, {"nobody", "x"}} {
		reply := enrol(who.user, who.password)
		require.Equal(t, http.StatusServiceUnavailable, reply.Status, "%s", reply.Body)
		require.NotEmpty(t, reply.Header.Get("Retry-After"))
		require.NotContains(t, string(reply.Body), "wrong")
		require.Equal(t, http.StatusServiceUnavailable,
			c.Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic(who.user, who.password)).Status)
	}
	require.Equal(t, http.StatusOK, c.Login(t).Status, "a device that is enrolled needs no directory")
}
