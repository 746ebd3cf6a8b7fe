// SPDX-License-Identifier: GPL-3.0-or-later

package udprelay

import (
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func startCoturn(b *testing.B) process {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(b, err)
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	server := exec.CommandContext(b.Context(), "turnserver", "-n", "-c", "/dev/null", "--listening-port", fmt.Sprint(port), "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1",
		"--lt-cred-mech", "--user", "alice:alice-secret", "--realm", testRealm, "--allow-loopback-peers", "--no-tls", "--no-dtls", "--no-cli", "--log-file", "/dev/null", "--pidfile", "/tmp/udprelay-coturn.pid", "--min-port", "50000", "--max-port", "59999")
	require.NoError(b, server.Start())
	b.Cleanup(func() { server.Process.Kill(); server.Wait() })
	time.Sleep(500 * time.Millisecond)
	return process{server.Process.Pid, fmt.Sprintf("127.0.0.1:%d", port)}
}

func BenchmarkCoturn(b *testing.B) {
	for _, size := range []int{160, 1200} {
		for _, rate := range []int{0, 20000} {
			for _, up := range []bool{true, false} {
				name := fmt.Sprintf("%dB/saturated", size)
				if rate > 0 {
					name = fmt.Sprintf("%dB/%dpps", size, rate)
				}
				if up {
					name += "/up"
				} else {
					name += "/down"
				}
				b.Run(name, func(b *testing.B) { relay(b, startCoturn(b), size, rate, up) })
			}
		}
	}
}
