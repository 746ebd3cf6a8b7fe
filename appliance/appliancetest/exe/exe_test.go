// SPDX-License-Identifier: GPL-3.0-or-later

package exe_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"

	"jamibox/appliance/appliancetest/exe"
	"jamibox/enroll"
)

const password = "correct horse battery"

// TestBox sets a box up, runs all its services, asks each of them and the command
// line, and starts it again.
func TestBox(t *testing.T) {
	t.Parallel()
	b, https, relay, proxy := setUp(t)
	for _, round := range []string{"first", "again"} {
		if round == "again" {
			require.True(t, start(b), "%s", b.Log())
		}
		b.AwaitCommands()
		var status enroll.Status
		require.NoError(t, json.Unmarshal([]byte(b.Run("", "status", "--json")), &status))
		require.Equal(t, "ok", status.Overall)
		require.True(t, status.SetUp)
		require.Contains(t, b.Run("", "dht", "status"), "good")
		require.Contains(t, b.Run("", "version"), "windows/amd64")
		b.Run("", "relay", "list")

		roots := x509.NewCertPool()
		require.True(t, roots.AppendCertsFromPEM([]byte(b.Run("", "tls", "root"))))
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
		if round == "first" {
			b.Run(password+"\n", "user", "add", "alice", "--password-file", "-")
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://127.0.0.1:"+https+"/api/login", strings.NewReader("{}"))
		require.NoError(t, err)
		request.SetBasicAuth("alice", password)
		request.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, "login")
		answer, err = client.Get("https://127.0.0.1:" + proxy + "/node/info")
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, "proxy")
		for _, network := range []string{"udp", "tcp"} {
			bind(t, network, "127.0.0.1:"+relay)
		}
		b.Stop()
	}
	require.NotContains(t, b.Log(), "level=ERROR")
	require.NotContains(t, b.Log(), "level=WARN")
}

func start(b *exe.Box) bool { return b.Start("enroll", "turn", "dht", "dht-proxy") }

// setUp returns a box that runs with all its services, and their ports.
func setUp(t *testing.T) (b *exe.Box, https, relay, proxy string) {
	t.Helper()
	const tries = 5
	for range tries {
		ports := freePorts(t, 4)
		https, relay, proxy = ports[0], ports[1], ports[2]
		b = exe.New(t, filepath.Join(t.TempDir(), "data"),
			"SERVER_LISTEN=127.0.0.1:"+https, "SERVER_HTTP_LISTEN=", "TURN_LISTEN=127.0.0.1:"+relay,
			"TURN_ADVERTISE=127.0.0.1", "DHT_LISTEN=127.0.0.1:"+ports[3], "DHT_PROXY_LISTEN=127.0.0.1:"+proxy)
		b.Run(password+"\n", "setup", "--organization", "Example", "--admin", "admin", "--admin-password-file", "-",
			"--public-url", "https://127.0.0.1:"+https, "--advertise", "127.0.0.1")
		// Another program may be faster.
		if start(b) {
			return b, https, relay, proxy
		}
	}
	require.FailNow(t, "the box does not start", "%s", b.Log())
	return nil, "", "", ""
}

// bind has the relay tell our address.
func bind(t *testing.T, network, addr string) {
	t.Helper()
	conn, err := net.Dial(network, addr)
	require.NoError(t, err)
	client, err := stun.NewClient(conn)
	require.NoError(t, err)
	defer client.Close()
	var seen stun.XORMappedAddress
	require.NoError(t, client.Do(stun.MustBuild(stun.TransactionID, stun.BindingRequest), func(e stun.Event) {
		if err = e.Error; err == nil {
			err = seen.GetFrom(e.Message)
		}
	}))
	require.NoError(t, err)
	require.Equal(t, conn.LocalAddr().String(), fmt.Sprint(seen))
}

// freePorts returns ports that are free for UDP and TCP; not those that systems
// give to who asks for any.
func freePorts(t *testing.T, n int) (ports []string) {
	t.Helper()
	for range 100 {
		port := fmt.Sprint(5000 + rand.N(4000))
		packets, err := net.ListenPacket("udp", ":"+port)
		if err != nil {
			continue
		}
		streams, err := net.Listen("tcp", ":"+port)
		require.NoError(t, packets.Close())
		if err != nil {
			continue
		}
		require.NoError(t, streams.Close())
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	require.FailNow(t, "no ports are free")
	return nil
}
