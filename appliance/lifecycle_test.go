// SPDX-License-Identifier: GPL-3.0-or-later

package appliance_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/appliance"
	"jamibox/appliance/appliancetest"
	"jamibox/appliance/config"
	"jamibox/appliance/datadir"
	"jamibox/enroll"
	"jamibox/enroll/admin"
	"jamibox/enroll/tlsidentity"
)

// freePort returns a port that nobody uses over UDP at the moment.
func freePort(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer conn.Close()
	_, port, err := net.SplitHostPort(conn.LocalAddr().String())
	require.NoError(t, err)
	return port
}

// everything switches on what the box has.
func everything(t *testing.T) appliancetest.Option {
	t.Helper()
	relay, dht := freePort(t), freePort(t)
	return func(cfg *config.Config, _ *admin.SetupRequest) {
		cfg.Turn.Enabled, cfg.Turn.Listen, cfg.Turn.Ports = true, []string{"127.0.0.1:" + relay}, "20000-20100"
		cfg.DHT.Enabled, cfg.DHT.Listen = true, "127.0.0.1:"+dht
	}
}

func status(t *testing.T, b *appliancetest.Box) enroll.Status {
	t.Helper()
	var s enroll.Status
	require.Equal(t, http.StatusOK, b.Call(t, http.MethodGet, "/status", nil, &s))
	return s
}

func states(s enroll.Status) map[string]string {
	byName := map[string]string{}
	for _, service := range s.Services {
		byName[service.Name] = service.State
	}
	return byName
}

// fetch reads a URL of the box with whatever certificate it has.
func fetch(t *testing.T, url string) (int, []byte) {
	t.Helper()
	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	answer, err := h.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, raw
}

// TestSetupStartsEverything without a restart: the relay, the TLS identity and
// the pool of keys wait for it.
func TestSetupStartsEverything(t *testing.T) {
	t.Parallel()
	b := appliancetest.New(t, everything(t), appliancetest.NotSetUp)
	before := status(t, b)
	require.False(t, before.SetUp)
	require.Equal(t, tlsidentity.SourceEphemeral, before.TLS.Source)
	// The relay comes after enrolment, which answers already.
	require.Eventually(t, func() bool { return states(status(t, b))["turn"] == "waiting" }, 10*time.Second, 10*time.Millisecond)
	code, _ := fetch(t, b.URL+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	code, _ = fetch(t, b.HTTPURL+"/root.pem")
	require.Equal(t, http.StatusNotFound, code)

	client := b.NewClient(t)
	client.TrustAny()
	request := map[string]any{
		"organization": "Example", "admin": "admin", "admin_password": appliancetest.Password,
		"public_url": b.URL, "advertise": []string{"127.0.0.1"}, "ca_key_type": "ecdsa-p256", "account_key_bits": 2048,
	}
	setupCode := b.SetupCode(t)
	reply := client.Do(t, http.MethodPost, "/api/v1/setup", request, func(r *http.Request) { r.Header.Set("X-Setup-Code", setupCode) })
	require.Equal(t, http.StatusCreated, reply.Status, "%s", reply.Body)

	var root []byte
	require.Eventually(t, func() bool {
		code, root = fetch(t, b.HTTPURL+"/root.pem")
		return code == http.StatusOK
	}, 10*time.Second, 20*time.Millisecond)
	code, same := fetch(t, b.URL+"/api/v1/tls/root")
	require.Equal(t, http.StatusOK, code)
	require.True(t, bytes.Equal(root, same), "/root.pem and /api/v1/tls/root differ")
	b.Roots = x509.NewCertPool()
	require.True(t, b.Roots.AppendCertsFromPEM(root))
	require.Eventually(t, func() bool {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(b.URL, "https://"), &tls.Config{RootCAs: b.Roots})
		return err == nil && conn.Close() == nil
	}, 10*time.Second, 20*time.Millisecond)

	require.Eventually(t, func() bool { return b.Box.Ready() && states(status(t, b))["turn"] == "ready" }, 20*time.Second, 50*time.Millisecond)
	after := status(t, b)
	require.Equal(t, "ok", after.Overall)
	require.Equal(t, tlsidentity.SourceInternal, after.TLS.Source)
	require.Equal(t, b.URL, after.PublicURL)
	code, _ = fetch(t, b.URL+"/readyz")
	require.Equal(t, http.StatusOK, code)

	b.AddUser(t, "alice")
	person := b.NewClient(t)
	person.Enrol(t, "alice", 0)
	text, err := json.Marshal(person.Answer)
	require.NoError(t, err)
	require.Contains(t, string(text), `"TURN.enable":"true"`)
	require.Equal(t, http.StatusOK, person.Login(t).Status)
}

// TestStopLeavesNothing running, and the folder can be opened again.
func TestStopLeavesNothing(t *testing.T) {
	ours := []goleak.Option{
		goleak.IgnoreCurrent(),
		// Libraries have these end by themselves, or never.
		goleak.IgnoreAnyFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
	}
	b := appliancetest.New(t, everything(t))
	require.Eventually(t, b.Box.Ready, 20*time.Second, 20*time.Millisecond)
	b.AddUser(t, "alice")
	client := b.NewClient(t)
	client.Enrol(t, "alice", 0)
	b.Stop(t)
	goleak.VerifyNone(t, ours...)
	_, err := net.Dial("unix", filepath.Join(b.Dir, appliance.SocketFile))
	require.Error(t, err)

	again := appliancetest.Open(t, b.Dir)
	require.Equal(t, 1, status(t, again).Devices)
}

// TestOpenRefuses what it cannot work with, says what, and holds no lock.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		words string
	}{
		"key/damaged": {func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "master.key"), []byte("nonsense"), 0o600))
		}, "master key"},
		"key/lost": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "master.key")))
		}, "CA key"},
		"database/damaged": {func(t *testing.T, dir string) {
			for _, suffix := range []string{"-wal", "-shm"} {
				require.NoError(t, os.RemoveAll(filepath.Join(dir, "jamibox.db"+suffix)))
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, "jamibox.db"), bytes.Repeat([]byte("nonsense"), 1000), 0o600))
		}, "jamibox.db"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := appliancetest.New(t)
			cfg := config.Default()
			cfg.DataDir = b.Dir
			open := func() error {
				a, err := appliance.Open(t.Context(), cfg, slog.New(slog.DiscardHandler), func(string, string) {})
				if err == nil {
					return a.Close()
				}
				return err
			}
			require.ErrorIs(t, open(), datadir.ErrLocked)
			b.Stop(t)
			require.NoError(t, open())
			c.spoil(t, b.Dir)
			for range 2 { // the second would meet a lock that the first left
				err := open()
				require.ErrorContains(t, err, c.words)
				require.NotErrorIs(t, err, datadir.ErrLocked)
			}
		})
	}
}

// TestBoxWithoutSockets shows that a face that cannot listen takes the others
// back and ends the box with the reason.
func TestBoxWithoutSockets(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.Turn.Enabled, cfg.DHT.Enabled = false, false
	cfg.Server.Listen, cfg.Server.HTTPListen = "127.0.0.1:0", taken.Addr().String()
	a, err := appliance.Open(t.Context(), cfg, slog.New(slog.DiscardHandler), func(string, string) {})
	require.NoError(t, err)
	err = a.Run(t.Context())
	require.ErrorContains(t, err, "server.http_listen")
	require.ErrorContains(t, err, "already in use")
	https, _ := a.Enroll().Addrs()
	require.Nil(t, https)
	require.NoError(t, a.Close())
}
