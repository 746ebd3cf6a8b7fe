// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/sync"
)

// hanging returns the URL of a directory that takes connections up and never
// answers.
func hanging(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return "ldap://" + l.Addr().String()
}

// driveSync drives the operations of the synchronisation to each answer that is
// described.
func (a *api) driveSync(t *testing.T) {
	root := a.administrator(t)
	plain := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	for name, url := range map[string]string{"dead": "ldap://127.0.0.1:1", "hanging": hanging(t)} {
		config := map[string]any{"kind": "ldap", "urls": []string{url}, "bases": []string{"dc=example,dc=org"}, "timeout": "1m", "connect_timeout": "1m"}
		got := a.call(t, "POST", "/sources", map[string]any{"name": name, "config": config}, root)
		require.Equal(t, http.StatusCreated, got.Status, "%s", got.Body)
	}
	got := a.call(t, "POST", "/sources", map[string]any{"name": "direct", "config": map[string]any{
		"kind": "ldap", "urls": []string{"ldap://127.0.0.1:1"}, "login": "direct", "bind_template": "uid=%u,dc=example,dc=org",
	}}, root)
	require.Equal(t, http.StatusCreated, got.Status, "%s", got.Body)
	// Either may be synchronised by itself at this moment.
	var started struct{ ID int64 }
	require.Eventually(t, func() bool {
		got := a.call(t, "POST", "/sources/DEAD/sync", map[string]bool{"dry_run": true}, root)
		if got.Status == http.StatusAccepted {
			got.JSON(t, &started)
		}
		return got.Status == http.StatusAccepted
	}, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		return a.call(t, "POST", "/sources/hanging/sync", "{}", root).Status == http.StatusConflict
	}, time.Minute, 10*time.Millisecond)
	path := "/sources/dead/sync/" + strconv.FormatInt(started.ID, 10)
	var report sync.Report
	require.Eventually(t, func() bool {
		got := a.call(t, "GET", path, nil, root)
		require.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
		got.JSON(t, &report)
		return report.EndedAt != nil
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, []any{sync.Incomplete, true}, []any{report.Outcome, report.Dry})
	require.NotEmpty(t, report.Reason)

	for _, c := range []struct {
		name, method, path string
		body               any
		edits              []func(*http.Request)
		status             int
	}{
		{"start/unknown", "POST", "/sources/nobody/sync", "{}", edits(root), 404},
		{"start/the box itself", "POST", "/sources/local/sync", "{}", edits(root), 404},
		{"start/no reader", "POST", "/sources/direct/sync", "{}", edits(root), 409},
		{"start/broken", "POST", "/sources/dead/sync", broken, edits(root), 400},
		{"start/text", "POST", "/sources/dead/sync", "{}", edits(root, plain), 415},
		{"show", "GET", "/sources/dead/sync", nil, edits(root), 200},
		{"show/running", "GET", "/sources/hanging/sync", nil, edits(root), 200},
		{"show/unknown", "GET", "/sources/nobody/sync", nil, edits(root), 404},
		{"show/bad escape", "GET", "/sources/%25zz/sync", nil, edits(root, badEscape), 400},
		{"run/unknown", "GET", "/sources/dead/sync/999999", nil, edits(root), 404},
		{"run/bad escape", "GET", "/sources/%25zz/sync/1", nil, edits(root, badEscape), 400},
		{"settings", "GET", "/sync-settings", nil, edits(root), 200},
		{"settings/set", "PUT", "/sync-settings", `{"interval":"1h","grace":"30d"}`, edits(root), 200},
		{"settings/short", "PUT", "/sync-settings", `{"interval":"1s"}`, edits(root), 422},
		{"settings/type", "PUT", "/sync-settings", `{"grace":7}`, edits(root), 400},
		{"settings/text", "PUT", "/sync-settings", "{}", edits(root, plain), 415},
		{"status", "GET", "/status", nil, edits(root), 200},
	} {
		got := a.call(t, c.method, c.path, c.body, c.edits...)
		require.Equal(t, c.status, got.Status, "%s: %s", c.name, got.Body)
		if got.Status >= http.StatusBadRequest {
			problemOf(t, got, got.Status, got.problem(t).Code)
		}
	}
	var settings sync.Settings
	a.call(t, "GET", "/sync-settings", nil, root).JSON(t, &settings)
	require.Equal(t, []any{"1h0m0s", "30d", 10}, []any{settings.Interval.String(), settings.Grace.String(), settings.AlarmAccounts})
	var status struct{ Sync []sync.State }
	a.call(t, "GET", "/status", nil, root).JSON(t, &status)
	names := map[string]bool{}
	for _, s := range status.Sync {
		names[s.Source] = s.Running
	}
	require.True(t, names["hanging"])
}
