// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/enroll/admin"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	a.box.AddUser(t, "alice")
	t.Run("json", a.testJSON)
	t.Run("content type", a.testContentTypes)
	t.Run("packed", a.testPackedBody)
	t.Run("oversized", a.testOversizedBody)
}

func (a *api) testJSON(t *testing.T) {
	root := a.administrator(t)
	for _, c := range []struct{ name, path, body, want string }{
		{"empty", "/users", "", "not a JSON object"},
		{"null", "/users", "null", "not a JSON object"},
		{"list", "/users", `[{"username":"x"}]`, "not a JSON object"},
		{"text", "/users", `"x"`, "not a JSON object"},
		{"cut off", "/users", `{"username":"x"`, "unexpected EOF"},
		{"comment", "/users", `{/* */}`, "invalid character '/'"},
		{"trailing comma", "/users", `{"username":"x",}`, "invalid character '}'"},
		{"second object", "/users", `{"username":"x"}{}`, "something follows"},
		{"second brace", "/users", `{"username":"x"}}`, "something follows"},
		{"unknown member", "/users", `{"username":"x","admin":true}`, `unknown field "admin"`},
		{"unknown inner", "/users", `{"profile":{}}`, `unknown field "profile"`},
		{"number", "/users", `{"username":1}`, "username: a text is expected, not a JSON number"},
		{"number in the profile", "/users", `{"email":1}`, "email: a text is expected, not a JSON number"},
		{"object", "/users", `{"password":{}}`, "password: a text is expected, not a JSON object"},
		{"picture list", "/users", `{"picture":true}`, "picture: a text is expected, not a JSON bool"},
		{"picture text", "/users", `{"picture":"no base64"}`, "picture: an image file in base64"},
		{"half character", "/users", `{"username":"\ud800"}`, "not valid Unicode"},
		{"halves in the wrong order", "/users", `{"username":"\udc00\ud800"}`, "not valid Unicode"},
		{"bytes", "/users", "{\"username\":\"\xc3\x28\"}", "not valid Unicode"},
		{"deep", "/users", strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000), "expected JSON object"},
		{"fraction", "/devices/ff/revoke", `{"reason":1.5}`, "reason: a whole number is expected"},
		{"huge number", "/devices/ff/revoke", `{"reason":1e400}`, "reason: a whole number is expected"},
	} {
		got := a.call(t, "POST", c.path, c.body, root)
		require.Contains(t, problemOf(t, got, http.StatusBadRequest, "bad_request"), c.want, c.name)
	}
	// Escapes that only look like half a character are whole ones.
	for _, name := range []string{`\ud83d\ude00`, `\\ud800`, `\"\u00e9`} {
		got := a.call(t, "PATCH", "/users/alice", `{"first_name":"`+name+`"}`, root)
		require.Equal(t, http.StatusOK, got.Status, "%s: %s", name, got.Body)
	}
}

func (a *api) testContentTypes(t *testing.T) {
	login := map[string]string{"name": "admin", "password": appliancetest.Password}
	kind := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Content-Type", name) }
	}
	for _, good := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON"} {
		require.Equal(t, http.StatusCreated, a.send(t, "POST", "/session", login, kind(good)).Status, good)
	}
	for _, bad := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", ";", "application/json; charset", strings.Repeat("a", 5000)} {
		got := a.send(t, "POST", "/session", login, kind(bad))
		problemOf(t, got, http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
}

// testPackedBody refuses what would unpack to much more than a body may have.
func (a *api) testPackedBody(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for range 64 {
		_, err := w.Write(bytes.Repeat([]byte(" "), 1<<20))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	for _, encoding := range []string{"gzip", "deflate", "br", "identity, gzip", "nonsense"} {
		got := a.send(t, "POST", "/session", packed.String(), func(r *http.Request) { r.Header.Set("Content-Encoding", encoding) })
		require.Contains(t, problemOf(t, got, http.StatusUnsupportedMediaType, "unsupported_media_type"), "compressed", encoding)
	}
}

func (a *api) testOversizedBody(t *testing.T) {
	// Under the limit of the server it is a value that is too long.
	long := map[string]string{"username": strings.Repeat("x", 1<<20), "password": appliancetest.Password}
	got := a.call(t, "POST", "/users", long, a.administrator(t))
	problemOf(t, got, http.StatusUnprocessableEntity, "invalid_value")
	// Above it, the box hangs up as soon as it knows the length.
	reply, err := a.client.TryDo("POST", "/api/v1/session", strings.Repeat(" ", 5<<20), nil)
	if err == nil {
		require.Equal(t, http.StatusRequestEntityTooLarge, reply.Status)
		require.Contains(t, string(reply.Body), "too large")
	}
}

// FuzzAdminBodies sends bodies to each route that reads one, before the set-up
// and after: never a 500, never a panic.
func FuzzAdminBodies(f *testing.F) {
	// A trusted proxy may name the client's address, and wrong passwords of
	// another client cost no time.
	behindProxy := func(cfg *config.Config, _ *admin.SetupRequest) { cfg.Server.TrustedProxies = []string{"127.0.0.1"} }
	box := appliancetest.New(f, behindProxy)
	box.AddUser(f, "alice")
	box.AddUser(f, "bob")
	a := newAPI(f, box)
	root, me := a.administrator(f), a.person(f, "alice")
	a.client.Base = box.HTTPURL
	unset := newAPI(f, appliancetest.New(f, behindProxy, appliancetest.NotSetUp))
	unset.client.Base = unset.box.HTTPURL
	setupCode := code(unset.box.SetupCode(f))
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"name":"admin","password":"wrong password"}`, `{"username":"carl","password":"long enough"}`,
		`{"username":"b\u0000b","picture":"iVBORw0KGgo="}`, `{"first_name":null,"picture":""}`, `{"password":"\ud800"}`,
		`{"reason":9223372036854775808}`, `{"Account.videoEnabled":"true"}`, `{"old":"a","new":"b"}`, `{"name":"\t"}`,
		`{"organization":"x","tls":{"certificate":"/"},"ca_lifetime":"99999999y","advertise":["::1%lo"]}`,
		`{"name":"staff","finds":["staff",1],"shows":null,"device_limit":-1}`, `{"source":"local","group":"cn=\\"}`, `{"admission":""}`,
		`{"config":{"kind":"ad","timeout":"5","mapping":{"phone":[null]}},"position":-1}`, `{"config":null,"enabled":null}`,
		`{"name":"mobile","priority":-1000,"settings":{"TURN.password":null,"Account.audioPortMin":"1"}}`, `{"policy":null}`, `{"policy":"mobile"}`,
		`{"overlap":"9223372036854775807ns"}`, `{"overlap":"65535d"}`,
	} {
		f.Add([]byte(seed))
	}
	routes := []struct {
		a            *api
		method, path string
		credentials  func(*http.Request)
	}{
		{unset, "POST", "/setup", setupCode},
		{a, "POST", "/session", bearer("")},
		{a, "POST", "/users", root},
		{a, "PATCH", "/users/bob", root},
		{a, "PUT", "/users/bob/password", root},
		{a, "PATCH", "/devices/ff", root},
		{a, "POST", "/devices/ff/revoke", root},
		{a, "POST", "/users/nobody/disable", root},
		{a, "PUT", "/client-settings", root},
		{a, "POST", "/relay/secret/rotate", root},
		{a, "POST", "/policies", root},
		{a, "PATCH", "/policies/mobile", root},
		{a, "POST", "/groups", root},
		{a, "PATCH", "/groups/staff", root},
		{a, "POST", "/groups/staff/map", root},
		{a, "POST", "/groups/staff/unmap", root},
		{a, "PUT", "/admission", root},
		// Not those that would ask whatever server the body names.
		{a, "PATCH", "/sources/local", root},
		{a, "PATCH", "/sources/nobody", root},
		{a, "POST", "/user-import?dry_run=true", func(r *http.Request) { root(r); asCSV(r) }},
		{a, "PUT", "/me/password", me},
		{a, "PATCH", "/me/devices/ff", me},
	}
	clients := uint32(0)
	f.Fuzz(func(t *testing.T, body []byte) {
		clients++
		address := netip.AddrFrom4([4]byte{10, byte(clients >> 16), byte(clients >> 8), byte(clients)}).String()
		for _, r := range routes {
			got := r.a.send(t, r.method, r.path, string(body), r.credentials, func(r *http.Request) { r.Header.Set("X-Forwarded-For", address) })
			require.Less(t, got.Status, http.StatusInternalServerError, "%s %s: %s", r.method, r.path, got.Body)
		}
	})
}
