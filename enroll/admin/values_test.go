// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

// awkward are texts that a careless server trips over.
var awkward = map[string]string{
	"sql quote":         `Robert'); DROP TABLE users;--`,
	"sql like":          `100%_\`,
	"ldap filter":       `*)(uid=*))(|(uid=*`,
	"ldap name":         `cn=a,dc=b+c"<>;\#`,
	"json":              `{"a":"b"}`,
	"html":              `<script>alert(1)</script>`,
	"template":          `{{.}} ${HOME} $(id)`,
	"path":              `..`,
	"query":             `a?b=c&d#e`,
	"percent":           `%2e%2e%00`,
	"plus":              `a+b c`,
	"emoji":             "😀👩\u200d🔧",
	"right to left":     "שלום \u202eevil\u202c",
	"arabic":            `محمد`,
	"combining":         "Zoe\u0308 \u1100\u1161",
	"many combining":    "a" + strings.Repeat("\u0300", 50),
	"ligature":          "\ufdfa",
	"nul":               "a\x00b",
	"line end":          "a\nb",
	"escape":            "a\x1b[31mb",
	"byte order mark":   "\ufeffa",
	"replacement":       "a\ufffdb",
	"beyond the basics": "\U0010fffd",
	"turkish":           "İıſß",
	"long":              strings.Repeat("x", 201),
	"very long":         strings.Repeat("é", 100_000),
	"spaces":            "   ",
	"accented":          "Zoë Çelik",
}

func TestAwkwardTexts(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	t.Run("names", a.testAwkwardNames)
	a.box.AddUser(t, "alice")
	t.Run("profiles", a.testAwkwardProfiles)
	t.Run("elsewhere", a.testAwkwardElsewhere)
	t.Run("passwords", a.testAwkwardPasswords)
}

// testAwkwardProfiles stores each text unchanged, in normal form C, or refuses it.
func (a *api) testAwkwardProfiles(t *testing.T) {
	root := a.administrator(t)
	stored := 0
	for name, text := range awkward {
		for field, read := range map[string]func(admin.User) string{
			"first_name":   func(u admin.User) string { return u.FirstName },
			"last_name":    func(u admin.User) string { return u.LastName },
			"email":        func(u admin.User) string { return u.Email },
			"phone":        func(u admin.User) string { return u.Phone },
			"organization": func(u admin.User) string { return u.Organization },
		} {
			got := a.call(t, "PATCH", "/users/alice", map[string]string{field: text}, root)
			if got.Status != http.StatusOK {
				problemOf(t, got, http.StatusUnprocessableEntity, "invalid_value")
				continue
			}
			var u admin.User
			a.call(t, "GET", "/users/alice", nil, root).JSON(t, &u)
			require.Equal(t, norm.NFC.String(strings.TrimSpace(text)), read(u), "%s in %s", name, field)
			stored++
		}
	}
	require.Greater(t, stored, 5*15)
}

// testAwkwardNames creates a user of each name, or refuses it; whoever was
// created is found under the name in each route and in the search.
func (a *api) testAwkwardNames(t *testing.T) {
	root := a.administrator(t)
	created := 0
	for name, text := range awkward {
		got := a.call(t, "POST", "/users", map[string]string{"username": text, "password": appliancetest.Password}, root)
		if got.Status != http.StatusCreated {
			problemOf(t, got, http.StatusUnprocessableEntity, "invalid_value")
			continue
		}
		created++
		var u admin.User
		got.JSON(t, &u)
		require.Equal(t, norm.NFC.String(strings.TrimSpace(text)), u.Username, name)
		path := "/users/" + url.PathEscape(text)
		for _, route := range [][2]string{{"GET", path}, {"POST", path + "/disable"}, {"POST", path + "/enable"}} {
			got := a.send(t, route[0], route[1], nil, root)
			require.Equal(t, http.StatusOK, got.Status, "%s: %s: %s", name, route, got.Body)
			var same admin.User
			got.JSON(t, &same)
			require.Equal(t, u.AccountID, same.AccountID, name)
		}
		var page struct{ Users []admin.User }
		a.call(t, "GET", "/users?query="+url.QueryEscape(text), nil, root).JSON(t, &page)
		require.Contains(t, page.Users, u, name)
		a.person(t, text)
	}
	require.GreaterOrEqual(t, created, 12)
	// Nobody was found, changed or created by a name that was taken for code.
	var page struct{ Total int }
	a.call(t, "GET", "/users", nil, root).JSON(t, &page)
	require.Equal(t, created, page.Total)
}

// testAwkwardPasswords refuses a password or lets exactly it log in.
func (a *api) testAwkwardPasswords(t *testing.T) {
	root := a.administrator(t)
	for name, text := range awkward {
		password := "password" + text
		got := a.call(t, "PUT", "/users/alice/password", map[string]string{"password": password}, root)
		if got.Status != http.StatusOK {
			problemOf(t, got, http.StatusUnprocessableEntity, "invalid_value")
			continue
		}
		reply := a.client.Do(t, "POST", "/api/login", map[string]string{"username": "alice", "password": password}, nil)
		require.Equal(t, http.StatusOK, reply.Status, "%s: %s", name, reply.Body)
		require.NotContains(t, a.box.Log.String(), password, name)
	}
}

// testAwkwardElsewhere meets the paths and queries that are no names of users.
func (a *api) testAwkwardElsewhere(t *testing.T) {
	root := a.administrator(t)
	device := a.enrolled(t, "alice", 0)
	for name, text := range awkward {
		if len(text) > 1000 {
			continue // longer than a request line may be
		}
		escaped := url.PathEscape(text)
		for _, c := range []struct {
			method, path string
			body         any
			status       int
		}{
			{"PATCH", "/devices/" + escaped, map[string]string{"name": "x"}, http.StatusNotFound},
			{"POST", "/devices/" + escaped + "/revoke", nil, http.StatusNotFound},
			{"PUT", "/client-settings", map[string]string{text: "true"}, http.StatusUnprocessableEntity},
			{"PUT", "/client-settings", map[string]string{"Account.videoEnabled": text}, http.StatusUnprocessableEntity},
			{"PUT", "/client-settings", map[string]string{"Account.alias": text}, http.StatusOK},
		} {
			got := a.send(t, c.method, c.path, c.body, root)
			require.Equal(t, c.status, got.Status, "%s: %s %s: %s", name, c.method, c.path, got.Body)
		}
		got := a.call(t, "PATCH", "/devices/"+device, map[string]string{"name": text}, root)
		if got.Status != http.StatusNoContent {
			problemOf(t, got, http.StatusUnprocessableEntity, "invalid_value")
		}
		got = a.call(t, "GET", "/users?query="+url.QueryEscape(text), nil, root)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, got.Status, name)
	}
}
