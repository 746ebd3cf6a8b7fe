// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

// A password of a relay goes in, reaches clients, and never comes out again.
func TestRelayPasswordStaysInside(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	a.box.AddUser(t, "alice")
	root := a.administrator(t)
	const secret = "relay-password-2d90"
	for _, call := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/client-settings", `{"TURN.password":"` + secret + `1"}`, 200},
		{"POST", "/policies", `{"name":"mobile","settings":{"TURN.password":"` + secret + `"}}`, 201},
		{"PATCH", "/policies/mobile", `{"name":"phones","settings":{"TURN.password":null,"Account.alias":"x"}}`, 200},
		{"POST", "/policies", `{"name":"wrong","settings":{"TURN.password":"` + secret + `","TURN.server":""}}`, 422},
		{"POST", "/groups", `{"name":"phones","policy":"phones"}`, 201},
		{"PUT", "/groups/phones/members/alice", "", 204},
		{"GET", "/client-settings", "", 200},
		{"GET", "/policies", "", 200},
		{"GET", "/policies/phones", "", 200},
		{"GET", "/users/alice/client-settings", "", 200},
		{"GET", "/audit?limit=1000", "", 200},
	} {
		got := a.call(t, call.method, call.path, call.body, root)
		require.Equal(t, call.status, got.Status, "%s", got.Body)
		require.NotContains(t, string(got.Body), secret, "%s %s", call.method, call.path)
	}
	require.NotContains(t, a.box.Log.String(), secret)
	row, err := a.box.Box.Store().PolicyByName(t.Context(), "phones")
	require.NoError(t, err)
	require.NotContains(t, row.Settings, secret)
	c := a.box.NewClient(t)
	c.Enrol(t, "alice", 0)
	require.Equal(t, secret, c.Answer["TURN.password"])
}

func TestPolicyInUse(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	root := a.administrator(t)
	for _, body := range []string{`{"name":"b","policy":"mobile"}`, `{"name":"a","policy":"mobile"}`} {
		a.call(t, "POST", "/policies", `{"name":"mobile","settings":{"Account.autoAnswer":"true"}}`, root)
		require.Equal(t, http.StatusCreated, a.call(t, "POST", "/groups", body, root).Status)
	}
	require.Contains(t, problemOf(t, a.call(t, "DELETE", "/policies/mobile", nil, root), http.StatusConflict, "policy_in_use"), "a, b")
	var p admin.Policy
	a.call(t, "PATCH", "/policies/mobile", `{"name":"phones"}`, root).JSON(t, &p)
	require.Equal(t, []string{"a", "b"}, p.Groups)
	require.Len(t, p.Warnings, 1)
	require.Contains(t, p.Warnings[0], "Account.autoAnswer")
	var g admin.Group
	a.call(t, "GET", "/groups/a", nil, root).JSON(t, &g)
	require.Equal(t, "phones", *g.Policy)
	g = admin.Group{}
	a.call(t, "PATCH", "/groups/a", `{"policy":null}`, root).JSON(t, &g)
	require.Nil(t, g.Policy)
}

// drivePolicies drives the operations of policies to each answer that is
// described. alice is there.
func (a *api) drivePolicies(t *testing.T) {
	root := a.administrator(t)
	plain := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	for _, c := range []struct {
		name, method, path string
		body               any
		edits              []func(*http.Request)
		status             int
	}{
		{"settings/secret", "PUT", "/client-settings", `{"TURN.password":"x","TURN.username":"y"}`, edits(root), 200},
		{"settings/secret kept", "PUT", "/client-settings", `{"TURN.password":null}`, edits(root), 200},
		{"settings/of a user", "GET", "/users/ALICE/client-settings", nil, edits(root), 200},
		{"settings/of nobody", "GET", "/users/nobody/client-settings", nil, edits(root), 404},
		{"settings/of a bad escape", "GET", "/users/%25zz/client-settings", nil, edits(root, badEscape), 400},
		{"settings/secret gone", "PUT", "/client-settings", `{}`, edits(root), 200},
		{"settings/no secret", "PUT", "/client-settings", `{"TURN.password":null}`, edits(root), 422},
		{"policies/create", "POST", "/policies", `{"name":"mobile","priority":5,"settings":{"Account.proxyEnabled":"true","TURN.password":"x"}}`, edits(root), 201},
		{"policies/create/defaults", "POST", "/policies", `{"name":"Büro","description":null,"priority":null,"settings":null}`, edits(root), 201},
		{"policies/create/taken", "POST", "/policies", `{"name":"MOBILE"}`, edits(root), 409},
		{"policies/create/no name", "POST", "/policies", "{}", edits(root), 422},
		{"policies/create/priority", "POST", "/policies", `{"name":"x","priority":1001}`, edits(root), 422},
		{"policies/create/denied", "POST", "/policies", `{"name":"x","settings":{"TLS.password":"x"}}`, edits(root), 422},
		{"policies/create/null value", "POST", "/policies", `{"name":"x","settings":{"Account.alias":null}}`, edits(root), 400},
		{"policies/create/broken", "POST", "/policies", broken, edits(root), 400},
		{"policies/create/text", "POST", "/policies", "{}", edits(root, plain), 415},
		{"policies", "GET", "/policies", nil, edits(root), 200},
		{"policies/show", "GET", "/policies/B%C3%9CRO", nil, edits(root), 200},
		{"policies/show/unknown", "GET", "/policies/nobody", nil, edits(root), 404},
		{"policies/show/bad escape", "GET", "/policies/%25zz", nil, edits(root, badEscape), 400},
		{"policies/set", "PATCH", "/policies/mobile", `{"description":"phones","settings":{"Account.autoAnswer":"true","TURN.password":null}}`, edits(root), 200},
		{"policies/set/unknown", "PATCH", "/policies/nobody", "{}", edits(root), 404},
		{"policies/set/taken", "PATCH", "/policies/mobile", `{"name":"büro"}`, edits(root), 409},
		{"policies/set/value", "PATCH", "/policies/mobile", `{"settings":{"Account.autoAnswer":"yes"}}`, edits(root), 422},
		{"policies/set/number", "PATCH", "/policies/mobile", `{"settings":{"Account.dhtPort":1}}`, edits(root), 400},
		{"policies/set/text", "PATCH", "/policies/mobile", "{}", edits(root, plain), 415},
		{"groups/with a policy", "POST", "/groups", `{"name":"phones","policy":"Mobile"}`, edits(root), 201},
		{"groups/no such policy", "PATCH", "/groups/phones", `{"policy":"nobody"}`, edits(root), 422},
		{"groups/policy of nothing", "PATCH", "/groups/phones", `{"policy":""}`, edits(root), 400},
		{"groups/member with a policy", "PUT", "/groups/phones/members/alice", nil, edits(root), 204},
		{"settings/of a member", "GET", "/users/alice/client-settings", nil, edits(root), 200},
		{"policies/used", "GET", "/policies/mobile", nil, edits(root), 200},
		{"policies/remove/in use", "DELETE", "/policies/mobile", nil, edits(root), 409},
		{"groups/without a policy", "PATCH", "/groups/phones", `{"policy":null}`, edits(root), 200},
		{"policies/remove", "DELETE", "/policies/mobile", nil, edits(root), 204},
		{"policies/remove/again", "DELETE", "/policies/mobile", nil, edits(root), 404},
		{"policies/remove/bad escape", "DELETE", "/policies/%25zz", nil, edits(root, badEscape), 400},
	} {
		got := a.call(t, c.method, c.path, c.body, c.edits...)
		require.Equal(t, c.status, got.Status, "%s: %s", c.name, got.Body)
		if got.Status >= http.StatusBadRequest {
			problemOf(t, got, got.Status, got.problem(t).Code)
		}
	}
}
