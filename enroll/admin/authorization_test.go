// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
)

func TestAdministratorsRoutesNeedASession(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	a.box.AddUser(t, "alice")
	device := a.enrolled(t, "alice", 0)
	loggedOut := a.administrator(t)
	require.Equal(t, http.StatusNoContent, a.call(t, "DELETE", "/session", nil, loggedOut).Status)
	client := a.box.NewClient(t)
	client.Enrol(t, "alice", 1)
	require.Equal(t, http.StatusOK, client.Login(t).Status)
	root := a.administrator(t)
	token := func(r *http.Request) {
		root(r)
		r.Header.Set("Authorization", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}

	for name, edit := range map[string]func(*http.Request){
		"none":            func(*http.Request) {},
		"empty":           bearer(""),
		"unknown":         bearer(strings.Repeat("A", 43)),
		"quote":           bearer("' OR '1'='1"),
		"password":        appliancetest.Basic("admin", appliancetest.Password),
		"without scheme":  token,
		"of a user":       a.person(t, "alice"),
		"of a device":     bearer(client.Token),
		"of an ended one": a.endedSession(t),
		"logged out":      loggedOut,
	} {
		for path, item := range a.doc.Paths.Map() {
			for method, operation := range item.Operations() {
				if !administrators(operation) {
					continue
				}
				path := strings.NewReplacer("/api/v1", "", "{name}", "alice", "{id}", device, "{user}", "alice").Replace(path)
				got := a.call(t, method, path, "{}", edit)
				require.Equal(t, http.StatusUnauthorized, got.Status, "%s %s with the token %s: %s", method, path, name, got.Body)
				problemOf(t, got, http.StatusUnauthorized, "not_logged_in")
			}
		}
	}
	require.Equal(t, http.StatusOK, a.call(t, "GET", "/users/alice", nil, root).Status)
}

func TestPersonsRoutesNeedAPersonsToken(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	a.box.AddUser(t, "alice")
	client := a.box.NewClient(t)
	client.Enrol(t, "alice", 0)
	require.Equal(t, http.StatusOK, client.Login(t).Status)
	disabled := a.person(t, "alice")
	require.Equal(t, http.StatusOK, a.box.Call(t, "POST", "/users/alice/disable", nil, nil))

	for name, edit := range map[string]func(*http.Request){
		"none": func(*http.Request) {}, "of an administrator": a.administrator(t),
		"of a device": bearer(client.Token), "of a disabled user": disabled,
	} {
		for _, route := range [][2]string{{"GET", "/me"}, {"GET", "/me/devices"}, {"PUT", "/me/password"}, {"PATCH", "/me/devices/ff"}} {
			got := a.call(t, route[0], route[1], "{}", edit)
			require.Equal(t, http.StatusUnauthorized, got.Status, "%s with the token %s", route, name)
			problemOf(t, got, http.StatusUnauthorized, "not_logged_in")
		}
	}
}

func TestSocketServesAdministrationAlone(t *testing.T) {
	t.Parallel()
	box := appliancetest.New(t, appliancetest.NotSetUp)
	for _, path := range []string{"/users", "/ca", "/tls/root", "/client-settings", "/audit"} {
		var p problem
		require.Equal(t, http.StatusServiceUnavailable, box.Call(t, "GET", path, nil, &p), path)
		require.Equal(t, "not_set_up", p.Code)
	}
	var status struct {
		SetUp bool `json:"set_up"`
	}
	require.Equal(t, http.StatusOK, box.Call(t, "GET", "/status", nil, &status))
	require.False(t, status.SetUp)
	box = appliancetest.New(t)
	for _, route := range [][2]string{{"POST", "/session"}, {"GET", "/setup"}, {"GET", "/me"}} {
		require.Equal(t, http.StatusNotFound, box.Call(t, route[0], route[1], struct{}{}, nil), "%s is not for the socket", route)
	}
}

func TestManyWrongPasswords(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	wrong := map[string]string{"name": "admin", "password": "not the password"}
	for range 3 {
		require.Equal(t, http.StatusUnauthorized, a.call(t, "POST", "/session", wrong).Status)
	}
	var group sync.WaitGroup
	statuses := make([]answer, 12)
	for i := range statuses {
		group.Go(func() { statuses[i] = a.call(t, "POST", "/session", wrong) })
	}
	group.Wait()
	refused := 0
	for _, got := range statuses {
		if got.Status == http.StatusTooManyRequests {
			problemOf(t, got, http.StatusTooManyRequests, "too_many_attempts")
			refused++
		} else {
			require.Equal(t, http.StatusUnauthorized, got.Status)
		}
	}
	require.NotZero(t, refused)
}
