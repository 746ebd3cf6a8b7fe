// SPDX-License-Identifier: GPL-3.0-or-later

package jams_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/enroll/admin"
)

// TestNginx has a real nginx end TLS with the configuration that
// docs/reverse-proxy.md shows, for all but names, ports and files.
func TestNginx(t *testing.T) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx"
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("nginx is not installed: apt-get install nginx-light")
	}
	box := appliancetest.New(t, func(cfg *config.Config, _ *admin.SetupRequest) {
		cfg.Server.TrustedProxies = []string{"127.0.0.1"}
	})
	box.AddUser(t, "alice")

	page, err := os.ReadFile("../../docs/reverse-proxy.md")
	require.NoError(t, err)
	_, server, found := strings.Cut(string(page), "    # nginx\n")
	require.True(t, found)
	server, _, found = strings.Cut(server, "\n    }\n")
	require.True(t, found)
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "jami.pem"), filepath.Join(dir, "jami.key")
	out, err := exec.Command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=box",
		"-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate).CombinedOutput()
	require.NoError(t, err, "%s", out)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	server = strings.NewReplacer(
		"listen 443 ssl", "listen "+address+" ssl", "/etc/nginx/jami.pem", certificate, "/etc/nginx/jami.key", key,
		"http://127.0.0.1:8080", box.HTTPURL,
	).Replace(server) + "\n}\n"
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `daemon off; pid %[1]s/pid; error_log stderr;
events {}
http { access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f;
uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
%[2]s
}
`, dir, server), 0o600))
	require.NoError(t, os.Chmod(dir, 0o755))
	nginx := exec.Command(program, "-e", "stderr", "-p", dir, "-c", file)
	nginx.Stderr = os.Stderr
	require.NoError(t, nginx.Start())
	t.Cleanup(func() {
		require.NoError(t, nginx.Process.Signal(os.Interrupt))
		_ = nginx.Wait() // it reports the signal as an error
	})

	c := box.NewClient(t)
	c.Base = "https://" + address
	c.TrustAny()
	require.Eventually(t, func() bool {
		_, err := c.TryDo(http.MethodGet, "/healthz", nil, nil)
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, http.StatusForbidden, c.Login(t).Status, "no certificate")
	c.Enrol(t, "alice", 0)
	require.Equal(t, http.StatusOK, c.Login(t).Status, "nginx hands the certificate on")
	require.Equal(t, http.StatusOK, c.Do(t, http.MethodGet, "/api/auth/policyData", nil, nil).Status)

	forger := box.NewClient(t)
	forger.Base = c.Base
	forger.TrustAny()
	reply := forger.Do(t, http.MethodPost, "/api/login", "{}", func(r *http.Request) {
		r.Header.Set("X-Client-Cert", "forged")
	})
	require.Equal(t, http.StatusForbidden, reply.Status, "nginx overwrites what a client sends")
}
