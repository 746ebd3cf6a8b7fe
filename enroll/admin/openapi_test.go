// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

func TestDescriptionIsValid(t *testing.T) {
	doc, err := description()
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
}

func TestDescriptionHasEachRoute(t *testing.T) {
	doc, err := description()
	require.NoError(t, err)
	described := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	public := routesOf(new(admin.Face).Mount)
	for route := range public {
		require.True(t, described[route], "%s is mounted and not described", route)
	}
	for route := range described {
		require.True(t, public[route], "%s is described and not mounted", route)
	}
	for route := range routesOf(new(admin.Face).MountLocal) {
		require.True(t, public[route], "%s is on the socket alone", route)
	}
}

var parameter = regexp.MustCompile(`:(\w+)`)

func routesOf(mount func(fiber.Router)) map[string]bool {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	mount(app)
	routes := map[string]bool{}
	for _, r := range app.GetRoutes(true) {
		// Fiber answers HEAD wherever it answers GET.
		if r.Method != http.MethodHead {
			routes[r.Method+" "+strings.TrimSuffix(parameter.ReplaceAllString(r.Path, "{$1}"), "/")] = true
		}
	}
	return routes
}

const (
	// text that is none of the expected JSON
	broken  = `{"name": `
	unknown = `{"nonsense": 1}`
)

// TestOperations drives each operation to each answer that is described.
func TestOperations(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	for _, name := range []string{"alice", "bob", "carol"} {
		a.box.AddUser(t, name, "first_name", strings.ToUpper(name))
	}
	root, me := a.administrator(t), a.person(t, "alice")
	device, other := a.enrolled(t, "alice", 0), a.enrolled(t, "bob", 1)
	const password = appliancetest.Password
	plain := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	login := map[string]string{"name": "admin", "password": password}
	short := map[string]string{"password": "short"}
	good := map[string]string{"password": password + "2"}

	for _, c := range []struct {
		name, method, path string
		body               any
		edits              []func(*http.Request)
		status             int
	}{
		{"setup/state", "GET", "/setup", nil, nil, 200},
		{"setup/closed", "POST", "/setup", "{}", nil, 404},
		{"root", "GET", "/tls/root", nil, nil, 200},
		{"login", "POST", "/session", login, nil, 201},
		{"login/wrong", "POST", "/session", map[string]string{"name": "nobody", "password": "x"}, nil, 401},
		{"login/broken", "POST", "/session", broken, nil, 400},
		{"login/text", "POST", "/session", "{}", edits(plain), 415},
		{"logout/none", "DELETE", "/session", nil, nil, 204},

		{"me", "GET", "/me", nil, edits(me), 200},
		{"me/no token", "GET", "/me", nil, nil, 401},
		{"me/devices", "GET", "/me/devices", nil, edits(me), 200},
		{"me/devices/no token", "GET", "/me/devices", nil, nil, 401},
		{"me/rename", "PATCH", "/me/devices/" + device, map[string]string{"name": "Büro 🖥"}, edits(me), 204},
		{"me/rename/empty", "PATCH", "/me/devices/" + device, map[string]string{"name": " \t"}, edits(me), 422},
		{"me/rename/foreign", "PATCH", "/me/devices/" + other, map[string]string{"name": "x"}, edits(me), 404},
		{"me/rename/unknown member", "PATCH", "/me/devices/" + device, unknown, edits(me), 400},
		{"me/rename/text", "PATCH", "/me/devices/" + device, "{}", edits(me, plain), 415},
		{"me/rename/no token", "PATCH", "/me/devices/" + device, "{}", nil, 401},
		{"me/password/wrong", "PUT", "/me/password", map[string]string{"old": "x", "new": password}, edits(me), 401},
		{"me/password/short", "PUT", "/me/password", map[string]string{"old": password, "new": "x"}, edits(me), 422},
		{"me/password/type", "PUT", "/me/password", `{"old":1}`, edits(me), 400},
		{"me/password/text", "PUT", "/me/password", "{}", edits(me, plain), 415},
		{"me/password", "PUT", "/me/password", map[string]string{"old": password, "new": password}, edits(me), 204},
		{"me/password/token ended", "PUT", "/me/password", map[string]string{"old": password, "new": password}, edits(me), 401},

		{"status", "GET", "/status", nil, edits(root), 200},
		{"users", "GET", "/users", nil, edits(root), 200},
		{"users/query", "GET", "/users?query=%F0%9F%92%A9&page=3", nil, edits(root), 200},
		{"users/page", "GET", "/users?page=-1", nil, edits(root), 400},
		{"users/page text", "GET", "/users?page=two", nil, edits(root), 400},
		{"users/long query", "GET", "/users?query=" + strings.Repeat("_", 30000), nil, edits(root), 400},
		{"create", "POST", "/users", map[string]any{"username": "dave", "password": password, "email": "d@example"}, edits(root), 201},
		{"create/taken", "POST", "/users", map[string]any{"username": "DAVE", "password": password}, edits(root), 409},
		{"create/short", "POST", "/users", map[string]any{"username": "erin", "password": "x"}, edits(root), 422},
		{"create/picture", "POST", "/users", map[string]any{"username": "erin", "password": password, "picture": "%"}, edits(root), 400},
		{"create/no picture", "POST", "/users", map[string]any{"username": "erin", "password": password, "picture": []byte("text")}, edits(root), 422},
		{"create/unknown member", "POST", "/users", unknown, edits(root), 400},
		{"create/text", "POST", "/users", "{}", edits(root, plain), 415},
		{"show", "GET", "/users/ALICE", nil, edits(root), 200},
		{"show/unknown", "GET", "/users/nobody", nil, edits(root), 404},
		{"show/bad escape", "GET", "/users/%25zz", nil, edits(root, badEscape), 400},
		{"edit", "PATCH", "/users/alice", map[string]any{"phone": "+49 1"}, edits(root), 200},
		{"edit/unknown", "PATCH", "/users/nobody", "{}", edits(root), 404},
		{"edit/bad escape", "PATCH", "/users/%25zz", "{}", edits(root, badEscape), 400},
		{"edit/broken", "PATCH", "/users/alice", broken, edits(root), 400},
		{"edit/control", "PATCH", "/users/alice", `{"phone":"\u0000"}`, edits(root), 422},
		{"edit/text", "PATCH", "/users/alice", "{}", edits(root, plain), 415},
		{"password", "PUT", "/users/bob/password", good, edits(root), 200},
		{"password/unknown", "PUT", "/users/nobody/password", good, edits(root), 404},
		{"password/short", "PUT", "/users/bob/password", short, edits(root), 422},
		{"password/broken", "PUT", "/users/bob/password", broken, edits(root), 400},
		{"password/text", "PUT", "/users/bob/password", "{}", edits(root, plain), 415},
		{"disable", "POST", "/users/carol/disable", nil, edits(root), 200},
		{"disable/unknown", "POST", "/users/nobody/disable", nil, edits(root), 404},
		{"disable/bad escape", "POST", "/users/%25zz/disable", nil, edits(root, badEscape), 400},
		{"enable", "POST", "/users/carol/enable", nil, edits(root), 200},
		{"enable/unknown", "POST", "/users/nobody/enable", nil, edits(root), 404},
		{"enable/bad escape", "POST", "/users/%25zz/enable", nil, edits(root, badEscape), 400},
		{"revoke", "POST", "/users/carol/revoke", nil, edits(root), 200},
		{"revoke/unknown", "POST", "/users/nobody/revoke", nil, edits(root), 404},
		{"revoke/bad escape", "POST", "/users/%25zz/revoke", nil, edits(root, badEscape), 400},
		{"disable/revoked", "POST", "/users/carol/disable", nil, edits(root), 409},
		{"enable/revoked", "POST", "/users/carol/enable", nil, edits(root), 409},
		{"password/revoked", "PUT", "/users/carol/password", good, edits(root), 409},

		{"devices", "GET", "/users/alice/devices", nil, edits(root), 200},
		{"devices/unknown", "GET", "/users/nobody/devices", nil, edits(root), 404},
		{"devices/bad escape", "GET", "/users/%25zz/devices", nil, edits(root, badEscape), 400},
		{"rename", "PATCH", "/devices/" + strings.ToUpper(device), map[string]string{"name": "laptop"}, edits(root), 204},
		{"rename/empty", "PATCH", "/devices/" + device, "{}", edits(root), 422},
		{"rename/unknown", "PATCH", "/devices/%27%20OR%201=1", map[string]string{"name": "x"}, edits(root), 404},
		{"rename/array", "PATCH", "/devices/" + device, "[]", edits(root), 400},
		{"rename/text", "PATCH", "/devices/" + device, "{}", edits(root, plain), 415},
		{"revoke device/reason", "POST", "/devices/" + device + "/revoke", `{"reason":7}`, edits(root), 422},
		{"revoke device/type", "POST", "/devices/" + device + "/revoke", `{"reason":"1"}`, edits(root), 400},
		{"revoke device/text", "POST", "/devices/" + device + "/revoke", "{}", edits(root, plain), 415},
		{"revoke device/unknown", "POST", "/devices/ff/revoke", nil, edits(root), 404},
		{"revoke device", "POST", "/devices/" + device + "/revoke", nil, edits(root), 204},
		{"revoke device/again", "POST", "/devices/" + device + "/revoke", `{"reason":1}`, edits(root), 204},
		{"devices/revoked", "GET", "/users/alice/devices", nil, edits(root), 200},

		{"settings/set", "PUT", "/client-settings", map[string]string{"Account.videoEnabled": "false"}, edits(root), 200},
		{"settings", "GET", "/client-settings", nil, edits(root), 200},
		{"settings/denied", "PUT", "/client-settings", map[string]string{"TLS.privateKeyFile": "/x"}, edits(root), 422},
		{"settings/null", "PUT", "/client-settings", "null", edits(root), 400},
		{"settings/null value", "PUT", "/client-settings", `{"Account.alias":null}`, edits(root), 400},
		{"settings/number", "PUT", "/client-settings", `{"Account.dhtPort":1}`, edits(root), 400},
		{"settings/text", "PUT", "/client-settings", "{}", edits(root, plain), 415},
		{"ca", "GET", "/ca", nil, edits(root), 200},
		{"audit", "GET", "/audit?limit=1000", nil, edits(root), 200},
		{"audit/limit", "GET", "/audit?limit=0", nil, edits(root), 400},
		{"breaker", "POST", "/breaker/reset", nil, edits(root), 204},

		{"relay", "GET", "/relay", nil, edits(root), 200},
		{"allocations", "GET", "/relay/allocations", nil, edits(root), 200},
		{"allocations/closed", "GET", "/relay/allocations/closed", nil, edits(root), 200},
		{"end/unknown", "DELETE", "/relay/allocations/18446744073709551615", nil, edits(root), 404},
		{"end/negative", "DELETE", "/relay/allocations/-1", nil, edits(root), 400},
		{"end/text", "DELETE", "/relay/allocations/first", nil, edits(root), 400},
		{"rotate/unit", "POST", "/relay/secret/rotate", `{"overlap":"30"}`, edits(root), 422},
		{"rotate/negative", "POST", "/relay/secret/rotate", `{"overlap":"-1h"}`, edits(root), 422},
		{"rotate/long", "POST", "/relay/secret/rotate", `{"overlap":"2y"}`, edits(root), 422},
		{"rotate/type", "POST", "/relay/secret/rotate", `{"overlap":30}`, edits(root), 400},
		{"rotate/text", "POST", "/relay/secret/rotate", "{}", edits(root, plain), 415},
		{"rotate", "POST", "/relay/secret/rotate", nil, edits(root), 200},
		{"rotate/again", "POST", "/relay/secret/rotate", `{"overlap":"1h"}`, edits(root), 409},
		{"rotate/at once", "POST", "/relay/secret/rotate", `{"overlap":"0s"}`, edits(root), 200},
		{"rotate/afterwards", "POST", "/relay/secret/rotate", `{"overlap":null}`, edits(root), 200},
		{"relay/rotated", "GET", "/relay", nil, edits(root), 200},
		{"logout", "DELETE", "/session", nil, edits(root), 204},
	} {
		got := a.call(t, c.method, c.path, c.body, c.edits...)
		require.Equal(t, c.status, got.Status, "%s: %s", c.name, got.Body)
		if got.Status >= http.StatusBadRequest {
			problemOf(t, got, got.Status, got.problem(t).Code)
		}
	}
	a.requireAllSeen(t)
}

func edits(all ...func(*http.Request)) []func(*http.Request) { return all }

// elsewhere holds the answers that other tests drive: those before the set-up,
// and what every administrator's route says without a session.
var elsewhere = map[string]bool{
	"POST /api/v1/setup 201": true, "POST /api/v1/setup 400": true, "POST /api/v1/setup 403": true,
	"POST /api/v1/setup 415": true, "POST /api/v1/setup 422": true,
	"GET /api/v1/tls/root 404": true, "GET /api/v1/tls/root 503": true,
	"POST /api/v1/session 429": true, "PUT /api/v1/me/password 429": true,
	"PUT /api/v1/users/{name}/password 400":     true,
	"DELETE /api/v1/relay/allocations/{id} 204": true,
}

func (a *api) requireAllSeen(t *testing.T) {
	t.Helper()
	for path, item := range a.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				code, err := strconv.Atoi(status)
				what := method + " " + path + " " + status
				if err != nil || elsewhere[what] || administrators(operation) && (code == 401 || code == 503) {
					continue
				}
				require.True(t, a.seen[method+" "+path+" "+http.StatusText(code)], "%s is described and was not met", what)
			}
		}
	}
}

// administrators tells whether an operation needs an administrator's session.
func administrators(operation *openapi3.Operation) bool {
	if operation.Security == nil || len(*operation.Security) != 1 {
		return false
	}
	_, needed := (*operation.Security)[0]["administrator"]
	return needed
}
