// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
)

// wish returns a good body of a set-up, with members replaced: "tls.key" is a
// member of a member.
func wish(changes ...any) map[string]any {
	body := map[string]any{
		"organization": "Example", "admin": "admin", "admin_password": appliancetest.Password,
		"public_url": "https://127.0.0.1:8443", "ca_key_type": "ecdsa-p256", "account_key_bits": 2048,
	}
	for i := 0; i+1 < len(changes); i += 2 {
		body[changes[i].(string)] = changes[i+1]
	}
	return body
}

// fresh returns a box that is not set up, and an edit that bears its code.
func fresh(t *testing.T, options ...appliancetest.Option) (*api, string) {
	t.Helper()
	box := appliancetest.New(t, append(options, appliancetest.NotSetUp)...)
	a := newAPI(t, box)
	a.trustAll()
	return a, box.SetupCode(t)
}

func code(text string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("X-Setup-Code", text) }
}

func TestSetupCode(t *testing.T) {
	t.Parallel()
	a, right := fresh(t)
	for _, wrong := range []string{"", "-", "AAAA-BBBB-CCCC", right[:13], right + "A", strings.Repeat("A", 20000), "' OR 1=1 --"} {
		problemOf(t, a.call(t, "POST", "/setup", wish(), code(wrong)), http.StatusForbidden, "wrong_setup_code")
	}
	require.JSONEq(t, `{"set_up":false}`, string(a.call(t, "GET", "/setup", nil).Body))
	other := strings.ToLower(strings.ReplaceAll(right, "-", " "))
	require.Equal(t, http.StatusCreated, a.call(t, "POST", "/setup", wish(), code(other)).Status)
	require.JSONEq(t, `{"set_up":true}`, string(a.call(t, "GET", "/setup", nil).Body))
	// Afterwards there is no such page, whatever the code and the body.
	for _, text := range []string{right, ""} {
		problemOf(t, a.call(t, "POST", "/setup", wish(), code(text)), http.StatusNotFound, "already_set_up")
	}
	problemOf(t, a.call(t, "POST", "/setup", broken, code(right)), http.StatusNotFound, "already_set_up")
}

// TestSetupProblems tells each problem by field, value and expectation, and a
// failed try leaves nothing behind.
func TestSetupProblems(t *testing.T) {
	t.Parallel()
	a, right := fresh(t)
	for _, c := range []struct {
		name string
		body any
		want []string
	}{
		{"organization/empty", wish("organization", " "), []string{"organization", `""`, "1 to 60"}},
		{"organization/long", wish("organization", strings.Repeat("é", 61)), []string{"organization", "éé", "1 to 60"}},
		{"admin/empty", wish("admin", ""), []string{"admin", "empty"}},
		{"admin/colon", wish("admin", "a:b"), []string{"admin", "':'"}},
		{"password/short", wish("admin_password", "short"), []string{"password", "at least 8"}},
		{"password/long", wish("admin_password", strings.Repeat("x", 2000)), []string{"password", "1024"}},
		{"url/http", wish("public_url", "http://box"), []string{"public_url", "http://box", "https://"}},
		{"url/empty", wish("public_url", ""), []string{"public_url", `""`, "https://box.example"}},
		{"url/garbage", wish("public_url", "https://%zz"), []string{"public_url", "%zz", "https://box.example"}},
		{"url/query", wish("public_url", "https://box/?a=b"), []string{"public_url", "?a=b", "query"}},
		{"advertise/name", wish("advertise", []string{"10.0.0.1", "box.example"}), []string{"advertise", "box.example", "IP address"}},
		{"advertise/any", wish("advertise", []string{"0.0.0.0"}), []string{"advertise", "0.0.0.0", "IP address"}},
		{"key type", wish("ca_key_type", "dsa"), []string{"ca_key_type", "dsa", "rsa-4096"}},
		{"key bits", wish("account_key_bits", 1024), []string{"account_key_bits", "1024", "2048"}},
		{"country", wish("ca_subject", map[string]string{"country": "Germany"}), []string{"ca_subject", "country", "Germany"}},
		{"lifetime/text", wish("device_lifetime", "soon"), []string{"device_lifetime", "soon", "90d"}},
		{"lifetime/order", wish("device_lifetime", "50y"), []string{"account_lifetime", "20y", "50y"}},
		{"lifetime/negative", wish("crl_lifetime", "-5m"), []string{"crl_lifetime", "-5m", "36h"}},
		{"lifetime/much", wish("ca_lifetime", "101y"), []string{"ca_lifetime", "101y", "100y"}},
		{"several", wish("admin", "", "public_url", "x", "account_key_bits", 1), []string{"admin", "public_url", "account_key_bits"}},
		{"tls/absent", wish("tls", map[string]string{"certificate": "/nowhere/box.pem"}), []string{"tls", "certificate", "/nowhere/box.pem"}},
	} {
		got := a.call(t, "POST", "/setup", c.body, code(right))
		detail := problemOf(t, got, http.StatusUnprocessableEntity, "invalid_setup")
		for _, part := range c.want {
			require.Contains(t, detail, part, c.name)
		}
		require.NotContains(t, detail, appliancetest.Password, c.name)
	}
	for name, c := range map[string]struct{ body, want string }{
		"broken":         {`{"organization": `, "JSON"},
		"unknown member": {`{"organisation": "Example"}`, "organisation"},
		"wrong type":     {`{"account_key_bits": "2048"}`, "account_key_bits"},
		"inner type":     {`{"ca_subject": {"country": 1}}`, "country"},
		"list":           {`["organization"]`, "object"},
		"null":           {`null`, "object"},
		"two":            {`{} {}`, "follows"},
		"brace":          {`{}}`, "follows"},
		"half character": {`{"organization": "\ud83d"}`, "Unicode"},
		"not UTF-8":      {"{\"organization\": \"\xff\"}", "Unicode"},
		"empty":          {"", "object"},
	} {
		detail := problemOf(t, a.call(t, "POST", "/setup", c.body, code(right)), http.StatusBadRequest, "bad_request")
		require.Contains(t, detail, c.want, name)
	}
	require.Equal(t, http.StatusUnsupportedMediaType, a.call(t, "POST", "/setup", "{}", code(right),
		func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }).Status)

	require.Equal(t, http.StatusCreated, a.call(t, "POST", "/setup", wish(), code(right)).Status)
	a.administrator(t)
	var status struct {
		PublicURL string `json:"public_url"`
		Devices   int
	}
	require.Equal(t, http.StatusOK, a.box.Call(t, "GET", "/status", nil, &status))
	require.Equal(t, "https://127.0.0.1:8443", status.PublicURL)
}

func TestParallelSetups(t *testing.T) {
	t.Parallel()
	a, right := fresh(t)
	names := []string{"anna", "bert", "cleo", "dora"}
	answers := make([]answer, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() {
			answers[i] = a.call(t, "POST", "/setup", wish("admin", name, "organization", name), code(right))
		})
	}
	group.Wait()
	winner := ""
	for i, got := range answers {
		if got.Status == http.StatusCreated {
			require.Empty(t, winner, "two set-ups won")
			winner = names[i]
			continue
		}
		problemOf(t, got, http.StatusNotFound, "already_set_up")
	}
	require.NotEmpty(t, winner)
	for _, name := range names {
		want := http.StatusUnauthorized
		if name == winner {
			want = http.StatusCreated
		}
		got := a.call(t, "POST", "/session", map[string]string{"name": name, "password": appliancetest.Password})
		require.Equal(t, want, got.Status, name)
	}
	var ca struct{ Subject string }
	require.Equal(t, http.StatusOK, a.box.Call(t, "GET", "/ca", nil, &ca))
	require.Contains(t, ca.Subject, winner+" CA")
}

func TestSetupKeepsUnicode(t *testing.T) {
	t.Parallel()
	a, right := fresh(t)
	body := wish("organization", "Été 组织 🏢 שלום", "admin", "Zoë 🔧")
	require.Equal(t, http.StatusCreated, a.call(t, "POST", "/setup", body, code(right)).Status)
	var ca struct{ Subject string }
	require.Equal(t, http.StatusOK, a.box.Call(t, "GET", "/ca", nil, &ca))
	require.Contains(t, ca.Subject, "Été 组织 🏢 שלום CA")
	require.Equal(t, http.StatusCreated, a.call(t, "POST", "/session",
		map[string]string{"name": "zoe\u0308 🔧", "password": appliancetest.Password}).Status)
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	require.NotContains(t, a.box.Log.String(), string(raw))
	require.NotContains(t, a.box.Log.String(), appliancetest.Password)
}
