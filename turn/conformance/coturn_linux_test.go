// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

// coturnUsers is how many users coturn is told; a client is one each.
const coturnUsers = 400

// coturnStarts is how often coturn is started at most: once in a while its
// threads do not come to life.
const coturnStarts = 3

// startCoturn starts the reference.
func startCoturn(t *testing.T, v variant) relay {
	t.Helper()
	for range coturnStarts {
		dir := t.TempDir()
		plain, withTLS := freePort(t), freePort(t)
		config := filepath.Join(dir, "turnserver.conf")
		require.NoError(t, os.WriteFile(config, coturnConfig(t, dir, v, plain, withTLS), 0o600))
		stop := startProgram(t, false, "turnserver", "-c", config)
		if answers("udp", plain) && answers("tcp", plain) && answers("tcp", withTLS) {
			ports := map[transport]uint16{udp: plain, tcp: plain, secure: withTLS}
			return relay{
				name: "coturn", ip4: ports, ip6: ports, clients: new(atomic.Uint32),
				account: func(user int) (string, string) { return userName(user), "secret of " + userName(user) },
			}
		}
		stop()
	}
	require.Fail(t, "turnserver does not answer")
	return relay{}
}

// answers reports whether coturn answers a Binding request in time. It does so
// without TLS on its TLS port too.
func answers(network string, port uint16) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if answersNow(network, port) {
			return true
		}
	}
	return false
}

func answersNow(network string, port uint16) bool {
	conn, err := net.Dial(network, netip.AddrPortFrom(netip.MustParseAddr(server4), port).String())
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(request(stun.MethodBinding).Raw); err != nil {
		return false
	}
	_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	n, _ := conn.Read(make([]byte, 1500))
	return n > 0
}

// freePort returns a port for coturn, which cannot leave it to the system.
func freePort(t *testing.T) uint16 {
	t.Helper()
	listener, err := net.Listen("tcp", server4+":0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return addrOf(listener.Addr()).Port()
}

func coturnConfig(t *testing.T, dir string, v variant, plain, withTLS uint16) []byte {
	t.Helper()
	certificate, key := writeCertificate(t, dir)
	lines := []string{
		fmt.Sprint("listening-port=", plain),
		fmt.Sprint("tls-listening-port=", withTLS),
		"listening-ip=" + server4,
		"relay-ip=" + server4,
		"lt-cred-mech",
		"realm=" + realm,
		fmt.Sprint("user-quota=", userQuota),
		"denied-peer-ip=10.66.0.0-10.66.255.255",
		"cert=" + certificate,
		"pkey=" + key,
		"userdb=" + filepath.Join(dir, "users"),
		"pidfile=" + filepath.Join(dir, "pid"),
		"log-file=stdout",
		"no-cli",
		"no-rfc5780",
	}
	first, last := 20000, 29999
	if v == narrow {
		first, last = 30000, 30000
	}
	lines = append(lines, fmt.Sprint("min-port=", first), fmt.Sprint("max-port=", last))
	if v != onlyIPv4 {
		lines = append(lines, "listening-ip="+server6, "relay-ip="+server6)
	}
	for user := range coturnUsers {
		lines = append(lines, fmt.Sprintf("user=%s:secret of %[1]s", userName(user)))
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}
