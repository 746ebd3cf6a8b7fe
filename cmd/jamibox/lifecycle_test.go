// SPDX-License-Identifier: GPL-3.0-or-later

package main_test

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll"
)

func TestServeAndStop(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	var s enroll.Status
	b.runJSON(t, &s, "status")
	require.Equal(t, "ok", s.Overall)
	require.True(t, s.SetUp)
	require.Equal(t, "enroll", s.Services[0].Name)
	require.Equal(t, "ready", s.Services[0].State)

	// A client that keeps its connection, and one that never says a word.
	h := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	answer, err := h.Get(b.url + "/healthz")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	silent, err := net.Dial("tcp", strings.TrimPrefix(b.url, "https://"))
	require.NoError(t, err)
	defer silent.Close()
	half, err := tls.Dial("tcp", strings.TrimPrefix(b.url, "https://"), &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	defer half.Close()
	_, err = half.Write([]byte("POST /api/login HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"))
	require.NoError(t, err)

	code, took := b.stop(t)
	require.Zero(t, code, b.log)
	require.Less(t, took, 10*time.Second)
	requireFailure(t, b.run(t, "status"), 3, "not running")
}

func TestSecondInstance(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.start(t)
	for _, args := range [][]string{{"serve"}, b.setupArgs()} {
		requireFailure(t, b.run(t, args...), 1, b.dir, fmt.Sprintf("process %d", b.process.Process.Pid))
	}
	require.Zero(t, b.run(t, "status").code, "the first is none the worse")
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	for _, key := range []string{"LISTEN", "HTTP_LISTEN"} {
		b := newBox(t, "JAMIBOX_SERVER_"+key+"="+l.Addr().String())
		requireFailure(t, b.run(t, "serve"), 1, "server."+strings.ToLower(key), l.Addr().String(), "already in use")
	}
}

func TestTakenPortOfRelayOrDHT(t *testing.T) {
	t.Parallel()
	udp, err := net.ListenPacket("udp", ":0")
	require.NoError(t, err)
	defer udp.Close()
	port := udp.LocalAddr().(*net.UDPAddr).Port
	for service, env := range map[string][]string{
		"turn": {"JAMIBOX_TURN_ENABLED=true", fmt.Sprintf("JAMIBOX_TURN_LISTEN=127.0.0.1:%d", port), "JAMIBOX_TURN_PORTS=20000-20100"},
		"dht":  {"JAMIBOX_DHT_ENABLED=true", fmt.Sprintf("JAMIBOX_DHT_LISTEN=:%d", port)},
	} {
		b := newBox(t, env...)
		b.start(t)
		require.Eventually(t, func() bool {
			r := b.run(t, "status")
			return r.code == 1 && strings.Contains(r.stdout, "already in use")
		}, 10*time.Second, 50*time.Millisecond, service)
		raw := b.run(t, "status", "--json")
		require.Equal(t, 1, raw.code)
		require.Contains(t, raw.stdout, `"overall": "degraded"`)
	}
}

func TestAbsentDHTNode(t *testing.T) {
	t.Parallel()
	b := newBox(t, "JAMIBOX_DHT_ENABLED=true", fmt.Sprintf("JAMIBOX_DHT_LISTEN=:%d", freePort(t)),
		"JAMIBOX_DHT_ENGINE=dhtnode", "JAMIBOX_DHT_PROGRAM=/nonexistent/dhtnode")
	b.start(t)
	require.Eventually(t, func() bool {
		r := b.run(t, "status")
		return r.code == 1 && strings.Contains(r.stdout, "not installed")
	}, 10*time.Second, 50*time.Millisecond)
}

func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	// The environment would win over the file.
	b.env = slices.DeleteFunc(b.env, func(v string) bool { return strings.HasPrefix(v, "JAMIBOX_SERVER_") })
	file := filepath.Join(filepath.Dir(b.dir), "jamibox.toml")
	for _, test := range []struct{ name, text, says string }{
		{"unknown key", "[server]\nlistne = ':1'\n", "listne"},
		{"bad value", "[server]\nlisten = 'nonsense'\n", "server.listen"},
		{"not TOML", "[server\n", "jamibox.toml"},
	} {
		require.NoError(t, os.WriteFile(file, []byte(test.text), 0o600))
		requireFailure(t, b.run(t, "serve"), 1, test.says)
		requireFailure(t, b.run(t, "config", "check"), 1, test.says)
	}
	require.NoError(t, os.Remove(file))
	requireFailure(t, b.run(t, "serve"), 1, file)
	require.NoError(t, os.Mkdir(file, 0o700))
	requireFailure(t, b.run(t, "serve"), 1, file)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	b := freshBox(t)
	for _, args := range [][]string{
		{"nonsense"}, {"user", "nonsense"}, {"serve", "--nonsense"}, {"user", "show"}, {"user", "add", "x"},
		{"setup"}, {"device", "rename", "x"}, {"user", "edit", "x"},
	} {
		r := b.run(t, args...)
		require.Equal(t, 2, r.code, "%v: %s", args, r.stderr)
	}
	for _, args := range [][]string{{"--help"}, {"user"}, {"version"}, {"config", "example"}, {"config", "check"}} {
		require.Zero(t, b.run(t, args...).code, args)
	}
	for _, args := range [][]string{{"setup", "--help"}, {"ca", "lifetimes", "--help"}, {"relay", "rotate", "--help"}} {
		require.NotContains(t, b.run(t, args...).stdout, "default 0s", args)
	}
	for _, args := range [][]string{{"status"}, {"user", "list"}, {"tls", "root"}, {"policy", "list"}} {
		requireFailure(t, b.run(t, args...), 3, "not running")
	}
}

func TestSetup(t *testing.T) {
	t.Parallel()
	b := freshBox(t)
	b.launch(t)
	require.Eventually(t, func() bool { return strings.Contains(b.out.String(), "set-up code") }, 10*time.Second, 10*time.Millisecond)
	require.Contains(t, b.out.String(), b.url)
	requireFailure(t, b.run(t, "user", "list"), 3, "not set up")
	code, _ := b.stop(t)
	require.Zero(t, code)

	bad := b.setupArgs("--organization", "", "--public-url", "http://x", "--advertise", "nonsense", "--device-lifetime", "200y")
	require.Equal(t, 2, b.run(t, bad...).code)
	bad = b.setupArgs("--public-url", "http://x", "--advertise", "nonsense", "--account-key-bits", "1024", "--admin", "a:b")
	requireFailure(t, b.run(t, bad...), 1, "public_url", "http://x", "advertise", "nonsense", "account_key_bits", "1024", "admin", ":")

	require.Zero(t, b.run(t, b.setupArgs()...).code)
	requireFailure(t, b.run(t, b.setupArgs()...), 1, "set up already")
	b.start(t)
	require.NotContains(t, b.out.String(), "set-up code")
}

// A set-up that is cut off at any moment leaves nothing that hinders the next.
func TestSetupCutOff(t *testing.T) {
	t.Parallel()
	b := freshBox(t)
	for range 8 {
		c := b.command(t, b.setupArgs()...)
		require.NoError(t, c.Start())
		timer := time.AfterFunc(time.Duration(rand.IntN(120))*time.Millisecond, func() { _ = c.Process.Kill() })
		err := c.Wait()
		timer.Stop()
		if err == nil {
			break // it was quicker
		}
	}
	r := b.run(t, b.setupArgs()...)
	if r.code != 0 {
		require.Contains(t, r.stderr, "set up already")
	}
	b.start(t)
	b.addUser(t, "alice")
}
