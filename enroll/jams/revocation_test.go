// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"encoding/pem"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
)

// What a peer does at each connection, with OpenSSL in its place.
func TestRevocationSeenByPeers(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed: apt-get install openssl")
	}
	box := appliancetest.New(t)
	box.AddUser(t, "alice")
	c := box.NewClient(t)
	c.Enrol(t, "alice", 0)
	dir := t.TempDir()
	write := func(name string, der []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
		return path
	}
	device, account, ca := write("device", c.Chain[0].Raw), write("account", c.Chain[1].Raw), write("ca", c.Chain[2].Raw)
	ask := func() string {
		out, err := exec.Command("openssl", "ocsp", "-issuer", account, "-cert", device, "-url", c.Chain[0].OCSPServer[0],
			"-CAfile", ca, "-nonce").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "Response verify OK")
		require.NotContains(t, string(out), "WARNING: no nonce")
		return string(out)
	}
	crl := func() string {
		reply := c.Do(t, http.MethodGet, "", nil, func(r *http.Request) {
			u, err := r.URL.Parse(c.Chain[0].CRLDistributionPoints[0])
			require.NoError(t, err)
			r.URL, r.Host = u, u.Host
		})
		require.Equal(t, http.StatusOK, reply.Status)
		path := filepath.Join(dir, "crl")
		require.NoError(t, os.WriteFile(path, reply.Body, 0o600))
		out, err := exec.Command("openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-text", "-CAfile", account).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "verify OK")
		return string(out)
	}
	require.Contains(t, ask(), ": good")
	require.Contains(t, crl(), "No Revoked Certificates")
	require.Equal(t, http.StatusNoContent, box.Call(t, http.MethodPost, "/devices/"+deviceID(t, c)+"/revoke", map[string]int{"reason": 1}, nil))
	require.Contains(t, ask(), ": revoked")
	require.Contains(t, crl(), "Key Compromise")
}
