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
	felix := a.ofDirectory(t, "people", "felix")
	// Nothing listens there.
	ldap := map[string]any{"kind": "ldap", "urls": []string{"ldap://127.0.0.1:1"}, "bases": []string{"dc=example,dc=org"}}
	a.addDirectory(t)
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
		{"lifetimes", "GET", "/ca/lifetimes", nil, edits(root), 200},
		{"lifetimes/set", "PATCH", "/ca/lifetimes", map[string]string{"crl_lifetime": "3d"}, edits(root), 200},
		{"lifetimes/long", "PATCH", "/ca/lifetimes", map[string]string{"account_lifetime": "99y"}, edits(root), 422},
		{"lifetimes/unit", "PATCH", "/ca/lifetimes", map[string]string{"device_lifetime": "90"}, edits(root), 400},
		{"lifetimes/broken", "PATCH", "/ca/lifetimes", broken, edits(root), 400},
		{"lifetimes/text", "PATCH", "/ca/lifetimes", "{}", edits(root, plain), 415},
		{"publish", "POST", "/ca/revocation-list", nil, edits(root), 200},
		{"expiring", "GET", "/devices/expiring?days=36500", nil, edits(root), 200},
		{"expiring/days", "GET", "/devices/expiring?days=-1", nil, edits(root), 400},
		{"edit/of a directory", "PATCH", "/users/felix", map[string]any{"phone": "+49 1"}, edits(root), 409},
		{"password/of a directory", "PUT", "/users/felix/password", good, edits(root), 409},
		{"me/password/of a directory", "PUT", "/me/password", map[string]string{"old": password, "new": password}, edits(felix), 409},
		{"sources", "GET", "/sources", nil, edits(root), 200},
		{"sources/add", "POST", "/sources", map[string]any{"name": "branch", "config": ldap, "bind_password": "secret", "enabled": false}, edits(root), 201},
		{"sources/add/taken", "POST", "/sources", map[string]any{"name": "BRANCH", "config": ldap}, edits(root), 409},
		{"sources/add/no server", "POST", "/sources", map[string]any{"name": "x", "config": map[string]any{"kind": "ldap"}}, edits(root), 422},
		{"sources/add/duration", "POST", "/sources", `{"name":"x","config":{"kind":"ldap","timeout":5}}`, edits(root), 400},
		{"sources/add/text", "POST", "/sources", "{}", edits(root, plain), 415},
		{"sources/show", "GET", "/sources/Branch", nil, edits(root), 200},
		{"sources/show/unknown", "GET", "/sources/nobody", nil, edits(root), 404},
		{"sources/show/bad escape", "GET", "/sources/%25zz", nil, edits(root, badEscape), 400},
		{"sources/set", "PATCH", "/sources/branch", map[string]any{"config": ldap, "bind_password": "", "position": 1}, edits(root), 200},
		{"sources/set/local", "PATCH", "/sources/local", map[string]any{"config": ldap}, edits(root), 409},
		{"sources/set/kind", "PATCH", "/sources/branch", map[string]any{"config": map[string]any{"kind": "ad"}}, edits(root), 422},
		{"sources/set/unknown", "PATCH", "/sources/nobody", "{}", edits(root), 404},
		{"sources/set/broken", "PATCH", "/sources/branch", broken, edits(root), 400},
		{"sources/set/text", "PATCH", "/sources/branch", "{}", edits(root, plain), 415},
		{"sources/test", "POST", "/sources/branch/test", map[string]any{"login": "alice", "password": "x"}, edits(root), 200},
		{"sources/test/local", "POST", "/sources/local/test", "{}", edits(root), 409},
		{"sources/test/invalid", "POST", "/sources/branch/test", map[string]any{"config": map[string]any{"kind": "ldap"}}, edits(root), 422},
		{"sources/test/unknown", "POST", "/sources/nobody/test", "{}", edits(root), 404},
		{"sources/test/broken", "POST", "/sources/branch/test", broken, edits(root), 400},
		{"sources/test/text", "POST", "/sources/branch/test", "{}", edits(root, plain), 415},
		{"sources/test new", "POST", "/sources/test", map[string]any{"config": ldap, "bind_password": "x"}, edits(root), 200},
		{"sources/test new/nothing", "POST", "/sources/test", "{}", edits(root), 400},
		{"sources/test new/invalid", "POST", "/sources/test", map[string]any{"config": map[string]any{"kind": "ad"}}, edits(root), 422},
		{"sources/test new/local", "POST", "/sources/test", map[string]any{"config": map[string]any{"kind": "local"}}, edits(root), 409},
		{"sources/test new/text", "POST", "/sources/test", "{}", edits(root, plain), 415},
		{"sources/certificates", "POST", "/sources/certificates", map[string]any{"config": map[string]any{"kind": "ldap", "urls": []string{"ldaps://" + strings.TrimPrefix(a.box.URL, "https://")}}}, edits(root), 200},
		{"sources/certificates/down", "POST", "/sources/certificates", map[string]any{"config": ldap}, edits(root), 502},
		{"sources/certificates/invalid", "POST", "/sources/certificates", map[string]any{"config": map[string]any{"kind": "ad"}}, edits(root), 422},
		{"sources/certificates/local", "POST", "/sources/certificates", map[string]any{"config": map[string]any{"kind": "local"}}, edits(root), 409},
		{"sources/certificates/unknown member", "POST", "/sources/certificates", unknown, edits(root), 400},
		{"sources/certificates/text", "POST", "/sources/certificates", "{}", edits(root, plain), 415},
		{"sources/remove/in use", "DELETE", "/sources/people", nil, edits(root), 409},
		{"sources/remove/local", "DELETE", "/sources/local", nil, edits(root), 409},
		{"sources/remove/unknown", "DELETE", "/sources/nobody", nil, edits(root), 404},
		{"sources/remove/bad escape", "DELETE", "/sources/%25zz", nil, edits(root, badEscape), 400},
		{"sources/remove", "DELETE", "/sources/people?release=true", nil, edits(root), 204},
		{"sources/all", "GET", "/sources", nil, edits(root), 200},
		{"traces", "GET", "/login-traces?login=ALICE", nil, edits(root), 200},
		{"traces/limit", "GET", "/login-traces?limit=0", nil, edits(root), 400},
		{"status/sources", "GET", "/status", nil, edits(root), 200},
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
		{"dht", "GET", "/dht", nil, edits(root), 200},
		{"groups/create", "POST", "/groups", `{"name":"Élèves","finds":["élèves"]}`, edits(root), 422},
		{"groups/create", "POST", "/groups", `{"name":"Élèves","device_limit":2,"shows":["first_name"]}`, edits(root), 201},
		{"groups/create/defaults", "POST", "/groups", `{"name":"staff","description":null,"finds":null}`, edits(root), 201},
		{"groups/create/taken", "POST", "/groups", `{"name":"STAFF"}`, edits(root), 409},
		{"groups/create/no name", "POST", "/groups", "{}", edits(root), 422},
		{"groups/create/broken", "POST", "/groups", broken, edits(root), 400},
		{"groups/create/finds", "POST", "/groups", `{"name":"x","finds":"staff"}`, edits(root), 400},
		{"groups/create/text", "POST", "/groups", "{}", edits(root, plain), 415},
		{"groups", "GET", "/groups", nil, edits(root), 200},
		{"groups/show", "GET", "/groups/%C3%89L%C3%88VES", nil, edits(root), 200},
		{"groups/show/unknown", "GET", "/groups/nobody", nil, edits(root), 404},
		{"groups/show/bad escape", "GET", "/groups/%25zz", nil, edits(root, badEscape), 400},
		{"groups/set", "PATCH", "/groups/staff", `{"finds":["staff","élèves"],"shows":[],"may_enrol":false}`, edits(root), 200},
		{"groups/set/unknown", "PATCH", "/groups/nobody", "{}", edits(root), 404},
		{"groups/set/taken", "PATCH", "/groups/staff", `{"name":"élèves"}`, edits(root), 409},
		{"groups/set/limit", "PATCH", "/groups/staff", `{"device_limit":-1}`, edits(root), 422},
		{"groups/set/shows", "PATCH", "/groups/staff", `{"shows":[1]}`, edits(root), 400},
		{"groups/set/text", "PATCH", "/groups/staff", "{}", edits(root, plain), 415},
		{"member/add", "PUT", "/groups/staff/members/ALICE", nil, edits(root), 204},
		{"member/add/no user", "PUT", "/groups/staff/members/nobody", nil, edits(root), 404},
		{"member/add/no group", "PUT", "/groups/nobody/members/alice", nil, edits(root), 404},
		{"member/add/bad escape", "PUT", "/groups/staff/members/%25zz", nil, edits(root, badEscape), 400},
		{"members", "GET", "/groups/staff/members", nil, edits(root), 200},
		{"members/page", "GET", "/groups/staff/members?page=x", nil, edits(root), 400},
		{"members/no group", "GET", "/groups/nobody/members", nil, edits(root), 404},
		{"groups of", "GET", "/users/alice/groups", nil, edits(root), 200},
		{"groups of/unknown", "GET", "/users/nobody/groups", nil, edits(root), 404},
		{"groups of/bad escape", "GET", "/users/%25zz/groups", nil, edits(root, badEscape), 400},
		{"map", "POST", "/groups/staff/map", `{"source":"corp","group":"CN=Staff,DC=example"}`, edits(root), 200},
		{"map/no such group there", "POST", "/groups/staff/map", `{"source":"corp","group":"nobody"}`, edits(root), 422},
		{"map/no such source", "POST", "/groups/staff/map", `{"source":"other","group":"staff"}`, edits(root), 422},
		{"map/no group", "POST", "/groups/nobody/map", `{"source":"corp","group":"staff"}`, edits(root), 404},
		{"map/type", "POST", "/groups/staff/map", `{"source":1}`, edits(root), 400},
		{"map/text", "POST", "/groups/staff/map", "{}", edits(root, plain), 415},
		{"groups/mapped", "GET", "/groups/staff", nil, edits(root), 200},
		{"unmap", "POST", "/groups/staff/unmap", `{"source":"corp","group":"staff"}`, edits(root), 200},
		{"unmap/again", "POST", "/groups/staff/unmap", `{"source":"corp","group":"staff"}`, edits(root), 404},
		{"unmap/no such group there", "POST", "/groups/staff/unmap", `{"source":"corp","group":"nobody"}`, edits(root), 422},
		{"unmap/type", "POST", "/groups/staff/unmap", `[]`, edits(root), 400},
		{"unmap/text", "POST", "/groups/staff/unmap", "{}", edits(root, plain), 415},
		{"member/remove", "DELETE", "/groups/staff/members/alice", nil, edits(root), 204},
		{"member/remove/again", "DELETE", "/groups/staff/members/alice", nil, edits(root), 404},
		{"member/remove/bad escape", "DELETE", "/groups/staff/members/%25zz", nil, edits(root, badEscape), 400},
		{"groups/remove", "DELETE", "/groups/staff", nil, edits(root), 204},
		{"groups/remove/again", "DELETE", "/groups/staff", nil, edits(root), 404},
		{"groups/remove/bad escape", "DELETE", "/groups/%25zz", nil, edits(root, badEscape), 400},
		{"admission", "GET", "/admission", nil, edits(root), 200},
		{"admission/set", "PUT", "/admission", `{"admission":"groups"}`, edits(root), 200},
		{"admission/unknown", "PUT", "/admission", `{"admission":"nobody"}`, edits(root), 422},
		{"admission/type", "PUT", "/admission", `{"admission":true}`, edits(root), 400},
		{"admission/text", "PUT", "/admission", "{}", edits(root, plain), 415},
		{"admission/open", "PUT", "/admission", `{"admission":"everyone"}`, edits(root), 200},
		{"directory", "GET", "/directory?query=dora&source=CORP", nil, edits(root), 200},
		{"directory/phone", "GET", "/directory?query=(030)%204711", nil, edits(root), 200},
		{"directory/source", "GET", "/directory?source=other", nil, edits(root), 400},
		{"directory/groups", "GET", "/directory/groups?source=corp", nil, edits(root), 200},
		{"directory/groups/no source", "GET", "/directory/groups", nil, edits(root), 400},
		{"import/none", "GET", "/user-import", nil, edits(root), 200},
		{"import/json", "POST", "/user-import", "{}", edits(root), 415},
		{"import/dry", "POST", "/user-import?dry_run=true", "username,password\nfrank,correct horse battery\n", edits(root, asCSV), 200},
		{"import/dry_run", "POST", "/user-import?dry_run=perhaps", "", edits(root, asCSV), 400},
		{"import/wrong", "POST", "/user-import", "username,password\nalice,x\n", edits(root, asCSV), 422},
		{"import/not UTF-8", "POST", "/user-import", "\xff", edits(root, asCSV), 422},
		{"import", "POST", "/user-import", "username;password\nfrank;correct horse battery\ngrace;correct horse battery\n", edits(root, asCSV), 202},
		{"import/state", "GET", "/user-import", nil, edits(root), 200},
		{"export", "GET", "/user-export", nil, edits(root), 200},
		{"logout", "DELETE", "/session", nil, edits(root), 204},
	} {
		got := a.call(t, c.method, c.path, c.body, c.edits...)
		require.Equal(t, c.status, got.Status, "%s: %s", c.name, got.Body)
		if got.Status >= http.StatusBadRequest {
			problemOf(t, got, got.Status, got.problem(t).Code)
		}
	}
	a.drivePolicies(t)
	a.driveSync(t)
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
	"POST /api/v1/user-import 409":              true,
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
