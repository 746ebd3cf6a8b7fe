// SPDX-License-Identifier: GPL-3.0-or-later

package appliancetest

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance"
	"jamibox/appliance/config"
	"jamibox/enroll/admin"
)

// Password is good for everyone in tests.
const Password = "correct horse battery"

// Box is a running box.
type Box struct {
	// URL and HTTPURL are the faces' addresses, without a slash at their end.
	URL, HTTPURL string
	// Roots trusts the box.
	Roots   *x509.CertPool
	Dir     string
	Box     *appliance.Appliance
	Log     fmt.Stringer
	socket  *http.Client
	code    chan string
	stop    context.CancelFunc
	stopped chan error
}

// Option changes how a box is set up or run.
type Option func(*config.Config, *admin.SetupRequest)

// New sets a box up in a new folder and runs it. The relay and the DHT are
// off unless an option switches them on; keys are as small as allowed.
func New(t testing.TB, options ...Option) *Box {
	t.Helper()
	return Open(t, t.TempDir(), options...)
}

// Open runs the box in dir, and sets it up before if it is not.
func Open(t testing.TB, dir string, options ...Option) *Box {
	t.Helper()
	cfg := config.Default()
	cfg.DataDir = dir
	cfg.Server.Listen, cfg.Server.HTTPListen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Turn.Enabled, cfg.DHT.Enabled = false, false
	request := admin.SetupRequest{
		Organization: "Example", Admin: "admin", AdminPassword: Password,
		PublicURL: "https://127.0.0.1:8443", CAKeyType: "ecdsa-p256", AccountKeyBits: 2048,
	}
	for _, o := range options {
		o(&cfg, &request)
	}
	logs := new(lockedBuffer)
	logger := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	code := make(chan string, 1)
	a, err := appliance.Open(t.Context(), cfg, logger, func(_, text string) {
		select {
		case code <- text:
		default: // enrolment was started again
		}
	})
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(dir, "set-up")); err != nil && request.Organization != "" {
		require.NoError(t, a.SetUp(t.Context(), request))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "set-up"), nil, 0o600))
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &Box{Dir: dir, Box: a, Log: logs, stop: stop, stopped: make(chan error, 1), code: code}
	b.socket = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, appliance.SocketFile))
	}}}
	go func() { b.stopped <- a.Run(ctx) }()
	t.Cleanup(func() {
		b.Stop(t)
		if t.Failed() {
			t.Logf("log of the box:\n%s", b.Log)
		}
	})
	b.awaitAddrs(t)
	b.Roots = x509.NewCertPool()
	if request.Organization != "" && b.Call(t, http.MethodGet, "/tls/root", nil, nil) == http.StatusOK {
		b.Roots.AppendCertsFromPEM(b.raw(t, "/tls/root"))
	}
	return b
}

func (b *Box) awaitAddrs(t testing.TB) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		changed := b.Box.Changed()
		if https, plain := b.Box.Enroll().Addrs(); https != nil {
			b.URL = "https://" + https.String()
			if plain != nil {
				b.HTTPURL = "http://" + plain.String()
			}
			return
		}
		select {
		case <-changed:
		case err := <-b.stopped:
			require.NoError(t, err, "the box ended")
		case <-deadline.C:
			require.FailNow(t, "the box did not start")
		}
	}
}

// SetupCode returns the one-time code of a box that an option left without
// organisation, once.
func (b *Box) SetupCode(t testing.TB) string {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	select {
	case code := <-b.code:
		return code
	case <-deadline.C:
		require.FailNow(t, "the box did not announce its set-up")
		return ""
	}
}

// NotSetUp has the box run without being set up.
func NotSetUp(_ *config.Config, r *admin.SetupRequest) { r.Organization = "" }

// Stop ends the box and waits for it; it may be called twice.
func (b *Box) Stop(t testing.TB) {
	t.Helper()
	if b.stop == nil {
		return
	}
	b.stop()
	b.stop = nil
	require.NoError(t, <-b.stopped)
	require.NoError(t, b.Box.Close())
}

// Call sends a request over the local socket, as the command line does, and
// decodes the answer into out unless that is nil. It returns the status.
func (b *Box) Call(t testing.TB, method, path string, in, out any) int {
	t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		require.NoError(t, err)
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://jamibox"+admin.Prefix+path, body)
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	answer, err := b.socket.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	if out != nil {
		require.NoError(t, json.Unmarshal(raw, out), "%s", raw)
	}
	return answer.StatusCode
}

func (b *Box) raw(t testing.TB, path string) []byte {
	t.Helper()
	answer, err := b.socket.Get("http://jamibox" + admin.Prefix + path)
	require.NoError(t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return raw
}

// AddUser creates a user with Password.
func (b *Box) AddUser(t testing.TB, name string, profile ...string) admin.User {
	t.Helper()
	body := map[string]string{"username": name, "password": Password}
	for i := 0; i+1 < len(profile); i += 2 {
		body[profile[i]] = profile[i+1]
	}
	var u admin.User
	require.Equal(t, http.StatusCreated, b.Call(t, http.MethodPost, "/users", body, &u))
	return u
}
