// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"crypto/x509"
	"encoding/pem"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/enroll/admin"
)

func TestUserCommands(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	picture := filepath.Join(t.TempDir(), "a.png")
	file, err := os.Create(picture)
	require.NoError(t, err)
	require.NoError(t, png.Encode(file, image.NewRGBA(image.Rect(0, 0, 300, 200))))
	require.NoError(t, file.Close())

	b.addUser(t, "Alice", "--first-name", "Alice", "--last-name", "O'Hara", "--email", "a@example.org",
		"--phone", "+33 1 23", "--organization", "Küche", "--picture", picture)
	var alice admin.User
	b.runJSON(t, &alice, "user", "show", "ALICE")
	require.Equal(t, "Alice", alice.Username)
	require.Equal(t, "O'Hara", alice.LastName)
	require.Equal(t, "Küche", alice.Organization)
	require.Len(t, alice.AccountID, 40)

	requireFailure(t, b.run(t, "user", "add", "aLiCe", "--password-file", b.passwordFile), 1, "taken")
	requireFailure(t, b.run(t, "user", "add", "a:b", "--password-file", b.passwordFile), 1, "must not contain")
	requireFailure(t, b.run(t, "user", "add", "x", "--password-file", "/nonexistent"), 1, "/nonexistent")
	requireFailure(t, b.run(t, "user", "show", "nobody"), 1, "no such user")
	short := filepath.Join(t.TempDir(), "short")
	require.NoError(t, os.WriteFile(short, []byte("x\n"), 0o600))
	requireFailure(t, b.run(t, "user", "passwd", "alice", "--password-file", short), 1, "at least 8")
	require.Zero(t, b.run(t, "user", "passwd", "alice", "--password-file", b.passwordFile).code)

	require.Zero(t, b.run(t, "user", "edit", "alice", "--last-name", "Example").code)
	b.addUser(t, "bob")
	var users []admin.User
	b.runJSON(t, &users, "user", "list")
	require.Len(t, users, 2)
	require.Equal(t, "Example", users[0].LastName)
	require.Equal(t, "Alice", users[0].FirstName, "what was not named stays")
	b.runJSON(t, &users, "user", "list", "--query", "exam")
	require.Len(t, users, 1)

	for _, step := range []struct{ deed, state string }{
		{"disable", "disabled"}, {"enable", "active"}, {"revoke", "revoked"},
	} {
		require.Zero(t, b.run(t, "user", step.deed, "alice").code)
		b.runJSON(t, &alice, "user", "show", "alice")
		require.Equal(t, step.state, alice.State)
	}
	requireFailure(t, b.run(t, "user", "enable", "alice"), 1, "revoked")
	requireFailure(t, b.run(t, "user", "add", "alice", "--password-file", b.passwordFile), 1, "taken")
}

func TestDeviceAndPolicyCommands(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	b.addUser(t, "alice")
	root := b.run(t, "tls", "root")
	block, _ := pem.Decode([]byte(root.stdout))
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	require.True(t, cert.IsCA)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	c := appliancetest.NewClient(t, b.url, roots)
	c.Enrol(t, "alice", 0)

	var devices []admin.Device
	b.runJSON(t, &devices, "device", "list", "alice")
	require.Len(t, devices, 1)
	require.Equal(t, "active", devices[0].State)
	require.Zero(t, b.run(t, "device", "rename", devices[0].DeviceID, "kitchen tablet").code)
	require.Contains(t, b.run(t, "device", "list", "alice").stdout, "kitchen tablet")
	requireFailure(t, b.run(t, "device", "revoke", strings.Repeat("0", 64)), 1, "no such device")
	requireFailure(t, b.run(t, "device", "revoke", devices[0].DeviceID, "--reason", "7"), 1, "reason")
	require.Zero(t, b.run(t, "device", "revoke", devices[0].DeviceID, "--reason", "1").code)
	require.Contains(t, b.run(t, "device", "list", "alice").stdout, "revoked")
	require.Equal(t, 401, c.Login(t).Status)
	require.Zero(t, b.run(t, "device", "reset-breaker").code)
}
