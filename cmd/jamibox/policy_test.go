// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/admin"
	"jamibox/enroll/policy"
)

func TestPolicyCommands(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	b.addUser(t, "alice")
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("relay-secret-31\n"), 0o600))

	var p admin.Policy
	b.runJSON(t, &p, "policy", "add", "Büro / 1", "Account.autoAnswer=true", "Account.alias=a=b", "--priority", "3", "--description", "desks")
	require.Equal(t, 3, p.Priority)
	require.Equal(t, policy.Settings{"Account.autoAnswer": new("true"), "Account.alias": new("a=b")}, p.Settings)
	require.Len(t, p.Warnings, 1)
	p = admin.Policy{} // or its settings would be added to
	b.runJSON(t, &p, "policy", "set", "büro / 1", "Account.autoAnswer=false", "--unset", "Account.alias", "--turn-password-file", secret, "--name", "desk")
	require.Equal(t, policy.Settings{"Account.autoAnswer": new("false"), "TURN.password": nil}, p.Settings)
	require.Equal(t, "desks", p.Description)
	b.runJSON(t, &p, "policy", "set", "desk", "--priority", "4")
	require.Contains(t, p.Settings, "TURN.password", "not named, so it stays")
	requireFailure(t, b.run(t, "policy", "add", "DESK"), 1, "another policy has this name")
	requireFailure(t, b.run(t, "policy", "set", "nobody", "Account.alias=x"), 1, "no such policy")

	for _, words := range []string{"policy       desk", "priority     4", "groups       none", "setting      TURN.password=(not shown)"} {
		require.Contains(t, b.run(t, "policy", "show", "Desk").stdout, words)
	}
	var g admin.Group
	b.runJSON(t, &g, "group", "add", "staff", "--policy", "desk")
	require.Equal(t, "desk", *g.Policy)
	require.Regexp(t, `staff +0 +yes .* desk\n`, b.run(t, "group", "list").stdout)
	require.Contains(t, b.run(t, "group", "show", "staff").stdout, "policy        desk\n")
	require.Regexp(t, `desk +4 +2 +staff +desks`, b.run(t, "policy", "list").stdout)
	requireFailure(t, b.run(t, "policy", "remove", "desk"), 1, "groups have this policy: staff")
	requireFailure(t, b.run(t, "group", "set", "staff", "--policy", "nobody"), 1, `no policy "nobody"`)

	require.Zero(t, b.run(t, "group", "member", "add", "staff", "alice").code)
	require.Zero(t, b.run(t, "policy", "everyone", "Account.upnpEnabled=true").code)
	r := b.run(t, "policy", "effective", "alice")
	for _, row := range []string{
		`Account.autoAnswer +policy desk +false`, `Account.upnpEnabled +everyone +true`, `Account.peerDiscovery +box +true`,
		`TURN.password +policy desk +\(not shown\)`, `warning +Account.upnpEnabled: `,
	} {
		require.Regexp(t, row, r.stdout)
	}
	var effective admin.EffectiveSettings
	b.runJSON(t, &effective, "policy", "effective", "ALICE")
	require.Contains(t, effective.Settings, admin.EffectiveSetting{Key: "TURN.password", Origin: policy.OfPolicy, Policy: "desk"})
	requireFailure(t, b.run(t, "policy", "effective", "nobody"), 1, "no such user")

	b.runJSON(t, &g, "group", "set", "staff", "--policy", "none")
	require.Nil(t, g.Policy)
	require.Zero(t, b.run(t, "policy", "remove", "desk").code)
	requireFailure(t, b.run(t, "policy", "show", "desk"), 1, "no such policy")
	require.NotContains(t, b.log.String(), "relay-secret-31")
}

func TestPolicyOfEveryone(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	require.Empty(t, b.run(t, "policy", "everyone").stdout)
	require.Zero(t, b.run(t, "policy", "everyone", "Account.videoEnabled=false", "Account.autoAnswer=false").code)
	require.Equal(t, "Account.videoEnabled=false\n", b.run(t, "policy", "everyone", "--unset", "Account.autoAnswer").stdout)
	require.Equal(t, "Account.videoEnabled=false\n", b.run(t, "policy", "everyone", "--unset", "Account.autoAnswer").stdout, "it is gone already")
	cmd := b.command(t, "policy", "everyone", "--turn-password-file", "-")
	cmd.Stdin = strings.NewReader("relay-secret-32\n")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, "Account.videoEnabled=false\nTURN.password=(not shown)\n", string(out))
	require.Contains(t, b.run(t, "policy", "everyone", "Account.alias=x").stdout, "TURN.password=(not shown)\n", "it stays")
	require.NotContains(t, b.run(t, "policy", "everyone", "--unset", "TURN.password").stdout, "TURN")

	for _, c := range []struct {
		words string
		code  int
		args  []string
	}{
		{"never sent", 1, []string{"TLS.certificateFile=/x"}},
		{"true or false", 1, []string{"Account.videoEnabled=maybe"}},
		{"did you mean Account.videoEnabled?", 1, []string{"videoenabled=true"}},
		{"did you mean Account.videoEnabled?", 1, []string{"--unset", "Account.videoEnable"}},
		{"both are needed", 1, []string{"Account.audioPortMin=20000"}},
		{"KEY=VALUE is expected", 2, []string{"Account.videoEnabled"}},
		{"--turn-password-file", 2, []string{"TURN.password=x"}},
	} {
		r := b.run(t, append([]string{"policy", "everyone"}, c.args...)...)
		requireFailure(t, r, c.code, c.words)
	}
	require.Equal(t, "Account.alias=x\nAccount.videoEnabled=false\n", b.run(t, "policy", "everyone").stdout)
	requireFailure(t, b.run(t, "policy", "set", "x"), 2, "nothing to change")
}

func TestPolicyKeys(t *testing.T) {
	t.Parallel()
	b := freshBox(t) // it need not run
	r := b.run(t, "policy", "keys")
	require.Zero(t, r.code, r.stderr)
	require.Regexp(t, `Account.videoEnabled +true or false +calls with video`, r.stdout)
	var keys []policy.Key
	b.runJSON(t, &keys, "policy", "keys")
	require.Equal(t, policy.Keys(), keys)
}
