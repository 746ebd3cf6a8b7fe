// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
	d "jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/sync"
)

// TestDirectoryTakesAccessAway follows a device whose owner is disabled in the
// directory, comes back, and is disabled for good: put off with 403 as long as
// it can be undone, and told with 401 to forget its identity only then.
func TestDirectoryTakesAccessAway(t *testing.T) {
	t.Parallel()
	server := d.StartSlapd(t, d.SlapdOptions{WithPolicy: true, LDIF: d.Policy("default") +
		d.Person("alice", "userPassword", appliancetest.Password, "givenName", "Alice") + d.Person("bob", "userPassword", appliancetest.Password)})
	box := appliancetest.New(t, appliancetest.WithRelay)
	config := map[string]any{
		"kind": "ldap", "preset": "openldap", "urls": []string{server.URL()}, "tls": "none", "allow_plaintext_bind": true,
		"bind_dn": d.Reader, "bases": []string{d.People}, "timeout": "1m", "connect_timeout": "1m", "accounts": "login",
	}
	require.Equal(t, http.StatusCreated, box.Call(t, http.MethodPost, "/sources",
		map[string]any{"name": "staff", "config": config, "bind_password": d.ReaderPassword}, nil))
	// The source is synchronised by itself, since it is new; the settings have
	// the box look at once.
	require.Equal(t, http.StatusOK, box.Call(t, http.MethodPut, "/sync-settings", map[string]string{"interval": "7d"}, nil))
	require.Eventually(t, func() bool {
		var answer struct{ State sync.State }
		require.Equal(t, http.StatusOK, box.Call(t, http.MethodGet, "/sources/staff/sync", nil, &answer))
		return answer.State.GoodAt != nil && !answer.State.Running
	}, time.Minute, 10*time.Millisecond)
	run := func() sync.Report {
		t.Helper()
		var started struct{ ID int64 }
		require.Equal(t, http.StatusAccepted, box.Call(t, http.MethodPost, "/sources/staff/sync", map[string]bool{}, &started))
		var r sync.Report
		require.Eventually(t, func() bool {
			require.Equal(t, http.StatusOK, box.Call(t, http.MethodGet, fmt.Sprint("/sources/staff/sync/", started.ID), nil, &r))
			return r.EndedAt != nil
		}, time.Minute, 10*time.Millisecond)
		require.Equal(t, sync.Done, r.Outcome, r.Reason)
		return r
	}
	directory := server.Connect(t)
	disable := func(values ...string) {
		t.Helper()
		m := ldap.NewModifyRequest(d.DN("uid", "alice", d.People), nil)
		m.Replace("pwdAccountLockedTime", values)
		require.NoError(t, directory.Modify(m))
	}
	laptop, other := box.NewClient(t), box.NewClient(t)
	laptop.Enrol(t, "alice", 0)
	other.Enrol(t, "bob", 1)
	require.Equal(t, http.StatusOK, laptop.Login(t).Status)
	require.Equal(t, http.StatusOK, laptop.Do(t, http.MethodGet, "/api/auth/devices", nil, nil).Status)
	token := laptop.Token

	disable("000001010000Z")
	require.Equal(t, 1, run().Barred)
	laptop.Token = token
	require.Equal(t, http.StatusUnauthorized, laptop.Do(t, http.MethodGet, "/api/auth/devices", nil, nil).Status, "the token has ended")
	require.Equal(t, http.StatusForbidden, laptop.Login(t).Status, "which leaves the device its identity")
	require.Equal(t, http.StatusOK, other.Login(t).Status)
	var user admin.User
	require.Equal(t, http.StatusOK, box.Call(t, http.MethodGet, "/users/alice", nil, &user))
	require.Equal(t, "active", user.State)
	require.NotNil(t, user.BarredAt)
	require.Contains(t, user.BarredReason, "locked by an administrator")

	disable()
	require.Equal(t, 1, run().Lifted)
	require.Equal(t, http.StatusOK, laptop.Login(t).Status)

	require.Equal(t, http.StatusOK, box.Call(t, http.MethodPut, "/sync-settings", map[string]string{"grace": "0s"}, nil))
	disable("000001010000Z")
	r := run()
	require.Equal(t, []int{1, 1}, []int{r.Barred, r.Revoked})
	require.Equal(t, http.StatusUnauthorized, laptop.Login(t).Status, "for good")
	require.Equal(t, http.StatusOK, other.Login(t).Status)
}
