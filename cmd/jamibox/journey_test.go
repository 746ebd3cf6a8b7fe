// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll"
	"jamibox/enroll/admin"
)

func TestOversizedPicture(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	picture := filepath.Join(t.TempDir(), "picture")
	require.NoError(t, os.WriteFile(picture, make([]byte, 3_000_001), 0o600))
	requireFailure(t, b.run(t, "user", "add", "alice", "--password-file", b.passwordFile, "--picture", picture), 1, picture, "more than 3 MB")
	require.NoError(t, os.Truncate(picture, 3_000_000))
	requireFailure(t, b.run(t, "user", "add", "alice", "--password-file", b.passwordFile, "--picture", picture), 1, "not a PNG")
	requireFailure(t, b.run(t, "user", "show", "alice"), 1, "no such user")
}

// announcement is the one-time code in what serve prints before the set-up.
var announcement = regexp.MustCompile(`set-up code +(\S+)`)

// TestSetupOverHTTP sets a running box up with what it prints, and goes on
// without a restart.
func TestSetupOverHTTP(t *testing.T) {
	t.Parallel()
	b := freshBox(t)
	b.launch(t)
	var code []string
	require.Eventually(t, func() bool {
		code = announcement.FindStringSubmatch(b.out.String())
		return code != nil
	}, 20*time.Second, 10*time.Millisecond)
	requireFailure(t, b.run(t, "status"), 3, "not set up")
	requireFailure(t, b.run(t, "tls", "root"), 3, "not set up")
	require.NotContains(t, b.log.String(), code[1], "the journal is read by more people than the console")

	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	body := fmt.Sprintf(`{"organization":"Example","admin":"admin","admin_password":%q,"public_url":%q,"ca_key_type":"ecdsa-p256","account_key_bits":2048}`,
		password, b.url)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+admin.Prefix+"/setup", bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Setup-Code", code[1])
	answer, err := h.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusCreated, answer.StatusCode)

	b.addUser(t, "alice")
	b.client(t).Enrol(t, "alice", 0)
	requireFailure(t, b.run(t, b.setupArgs()...), 1, "process")
}

// client returns a Jami client that trusts what "tls root" prints.
func (b *box) client(t *testing.T) *appliancetest.Client {
	t.Helper()
	roots := x509.NewCertPool()
	require.Eventually(t, func() bool {
		return roots.AppendCertsFromPEM([]byte(b.run(t, "tls", "root").stdout))
	}, 10*time.Second, 20*time.Millisecond)
	return appliancetest.NewClient(t, b.url, roots)
}

// TestRestartKeepsEverything, the certificate and what clients hold included.
func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	b.addUser(t, "alice", "--last-name", "Zoë 😀")
	b.addUser(t, "..") // a path to a careless client
	c := b.client(t)
	c.Enrol(t, "alice", 0)
	b.client(t).Enrol(t, "..", 1)
	require.Zero(t, b.run(t, "user", "disable", "..").code)
	require.Zero(t, b.run(t, "policy", "everyone", "Account.alias=Zoë 😀").code)
	snapshot := func() []string {
		var texts []string
		for _, args := range [][]string{
			{"user", "list", "--json"}, {"user", "show", "..", "--json"}, {"device", "list", "alice", "--json"},
			{"device", "list", "..", "--json"}, {"policy", "everyone"}, {"tls", "root"},
		} {
			r := b.run(t, args...)
			require.Zero(t, r.code, r.stderr)
			require.Empty(t, r.stderr, args)
			texts = append(texts, r.stdout)
		}
		return texts
	}
	before := snapshot()
	code, _ := b.stop(t)
	require.Zero(t, code)
	b.start(t)
	require.Equal(t, before, snapshot())
	require.Equal(t, http.StatusOK, c.Login(t).Status)
	var s enroll.Status
	b.runJSON(t, &s, "status")
	require.Equal(t, 2, s.Devices)
}

// TestPasswords come from files and standard input alone, and are shown nowhere.
func TestPasswords(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	b.addUser(t, "alice")
	const second = "another horse battery"
	for _, text := range []string{second, second + "\n", second + "\r\nmore lines\n"} {
		cmd := b.command(t, "user", "passwd", "alice", "--password-file", "-")
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.NotContains(t, string(out), second)
		reply := b.client(t).Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic("alice", second))
		require.Equal(t, http.StatusOK, reply.Status, "%q", text)
	}
	reply := b.client(t).Do(t, http.MethodPost, "/api/login", "{}", appliancetest.Basic("alice", password))
	require.Equal(t, http.StatusUnauthorized, reply.Status)
	cmd := b.command(t, "user", "passwd", "alice", "--password-file", "-") // nothing comes in
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "at least 8 characters")
	require.NotContains(t, b.log.String(), second)
	require.NotContains(t, b.log.String(), password)
}

func TestUsageMessages(t *testing.T) {
	t.Parallel()
	b := freshBox(t)
	for _, c := range []struct {
		words string
		args  []string
	}{
		{`there is no command "nonsense"`, []string{"nonsense"}},
		{`there is no command "nonsense" below "user"`, []string{"user", "nonsense"}},
		{"unknown flag: --nonsense", []string{"status", "--nonsense"}},
		{"unknown flag: --password", []string{"user", "add", "x", "--password=" + password}},
		{"unknown flag: --admin-password", []string{"setup", "--admin-password=" + password}},
		{"accepts 1 arg(s), received 0", []string{"user", "show"}},
		{"accepts 1 arg(s), received 2", []string{"user", "show", "a", "b"}},
		{"empty", []string{"user", "show", ""}},
		{"empty", []string{"device", "revoke", ""}},
		{"requires at least 1 arg(s)", []string{"policy", "set"}},
		{"--password-file is needed", []string{"user", "add", "x"}},
		{"nothing to change", []string{"user", "edit", "x"}},
		{`required flag(s) "admin", "organization" not set`, []string{"setup"}},
		{"--admin-password-file is needed", []string{"setup", "--organization", "x", "--admin", "x", "--public-url", "https://x"}},
		{"soon", b.setupArgs("--ca-lifetime", "soon")},
	} {
		r := b.run(t, c.args...)
		requireFailure(t, r, 2, c.words, "--help")
		require.Empty(t, r.stdout, "%q", c.args)
		require.Equal(t, 1, strings.Count(r.stderr, "jamibox: "), "%q: one message is enough: %s", c.args, r.stderr)
	}
	require.NoDirExists(t, b.dir)
	require.Contains(t, b.run(t, "version", "--json").stdout, `"version": "development"`)

	example := filepath.Join(t.TempDir(), "example.toml")
	require.NoError(t, os.WriteFile(example, []byte(b.run(t, "config", "example").stdout), 0o600))
	require.Zero(t, b.run(t, "config", "check", "--config", example).code)
}
