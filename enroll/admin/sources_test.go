// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

// ofDirectory adds a disabled directory with one user, and returns an edit that
// bears the user's token.
func (a *api) ofDirectory(t testing.TB, source, name string) func(*http.Request) {
	t.Helper()
	require.Equal(t, http.StatusCreated, a.box.Call(t, http.MethodPost, "/sources", map[string]any{
		"name": source, "enabled": false, "config": map[string]any{"kind": "ldap", "urls": []string{"ldap://127.0.0.1:1"}},
	}, nil))
	s := a.box.Box.Store()
	row, err := s.SourceByName(t.Context(), source)
	require.NoError(t, err)
	now := time.Now().UTC()
	user := store.User{
		AccountID: strings.Repeat("d", 40), Username: name, Folded: name, State: store.UserActive, SearchText: name,
		SourceID: &row.ID, ExternalID: "id-" + name, CreatedAt: now, ChangedAt: now,
	}
	require.NoError(t, s.CreateUser(t.Context(), &user, store.Account{
		SealedKey: []byte{0}, Certificate: []byte{0}, Serial: "d", NotAfter: now.AddDate(1, 0, 0),
	}, nil))
	token, hash := account.NewToken()
	require.NoError(t, s.AddToken(t.Context(), store.Token{
		TokenHash: hash, UserID: user.ID, Scope: account.ScopeUser, ExpiresAt: now.Add(time.Hour),
	}))
	return bearer(token)
}

// A bind password goes in and never comes out again.
func TestBindPasswordStaysInside(t *testing.T) {
	t.Parallel()
	a := newAPI(t, appliancetest.New(t))
	root := a.administrator(t)
	const secret = "bind-password-8f3a"
	config := map[string]any{"kind": "ldap", "urls": []string{"ldap://127.0.0.1:1"}, "bind_dn": "cn=bot"}
	got := a.call(t, "POST", "/sources", map[string]any{"name": "corp", "config": config, "bind_password": secret}, root)
	require.Equal(t, http.StatusCreated, got.Status, "%s", got.Body)
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/sources", nil},
		{"GET", "/sources/corp", nil},
		{"PATCH", "/sources/corp", map[string]any{"enabled": true}},
		{"POST", "/sources/corp/test", map[string]any{"login": "alice", "password": secret + "2"}},
		{"GET", "/audit", nil},
		{"GET", "/status", nil},
		{"GET", "/login-traces", nil},
	} {
		answer := a.call(t, call.method, call.path, call.body, root)
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Body)
		require.NotContains(t, string(answer.Body), secret, "%s %s", call.method, call.path)
	}
	row, err := a.box.Box.Store().SourceByName(t.Context(), "corp")
	require.NoError(t, err)
	require.NotContains(t, string(row.SealedPassword), secret)
	require.NotContains(t, row.Config, secret)
}
