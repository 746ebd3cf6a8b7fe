// SPDX-License-Identifier: GPL-3.0-or-later

package tlslisten

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (b box) requireRefusal(t *testing.T, reason string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(b.Refusals()) == 1 }, 5*time.Second, 2*time.Millisecond)
	r := b.Refusals()[0]
	require.Equal(t, reason, r.Reason)
	require.Equal(t, "127.0.0.1", r.Remote.String())
	require.Equal(t, 1, r.Count)
	require.WithinDuration(t, time.Now(), r.At, time.Minute)
}

func TestRefusalsOfGoClients(t *testing.T) {
	tests := map[string]struct {
		config *tls.Config
		want   string
	}{
		"untrusted root/1.2": {&tls.Config{RootCAs: x509.NewCertPool(), MaxVersion: tls.VersionTLS12}, ReasonBadCertificate},
		"untrusted root/1.3": {&tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS13}, ReasonBadCertificate},
		"old version":        {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, ReasonNothingCommon},
		"no common cipher":   {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}}, ReasonNothingCommon},
		"http/2 only":        {&tls.Config{NextProtos: []string{"h2"}}, ReasonNothingCommon},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, Options{})
			b.serve(t)
			_, err := tls.Dial("tcp", b.Addr().String(), tt.config)
			require.Error(t, err)
			b.requireRefusal(t, tt.want)
		})
	}
}

func TestRefusalsOfOtherTraffic(t *testing.T) {
	tests := map[string]struct{ send, want string }{
		"plain http":     {"GET /api/login HTTP/1.1\r\nHost: box\r\n\r\n", ReasonPlainHTTP},
		"other protocol": {"SSH-2.0-OpenSSH\r\n", ReasonNotTLS},
		"closed early":   {"\x16\x03\x01\x02\x00\x01", ReasonClosedEarly},
		"broken handshake": {"\x16\x03\x01\x00\x04\x0e\x00\x00\x00", ReasonOther + "tls: received unexpected handshake message of type " +
			"*tls.serverHelloDoneMsg when waiting for *tls.clientHelloMsg"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, Options{})
			b.serve(t)
			conn := b.dial(t, "127.0.0.1")
			_, err := conn.Write([]byte(tt.send))
			require.NoError(t, err)
			require.NoError(t, conn.(*net.TCPConn).CloseWrite())
			answer, err := io.ReadAll(conn)
			if tt.want == ReasonPlainHTTP {
				require.NoError(t, err)
				require.Contains(t, string(answer), "https://")
			}
			b.requireRefusal(t, tt.want)
		})
	}
	t.Run("time-out", func(t *testing.T) {
		b := newBox(t, Options{HandshakeTimeout: 30 * time.Millisecond})
		b.serve(t)
		b.dial(t, "127.0.0.1")
		b.requireRefusal(t, ReasonTimeout)
	})
	t.Run("port probe is none", func(t *testing.T) {
		b := newBox(t, Options{})
		b.serve(t)
		probe := b.dial(t, "127.0.0.1")
		require.NoError(t, probe.(*net.TCPConn).CloseWrite())
		_, err := io.ReadAll(probe)
		require.NoError(t, err)
		require.Empty(t, b.Refusals())
	})
}

func TestRefusalAfterHandshake(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			b := newBox(t, Options{})
			accepted := make(chan net.Conn, 1)
			go func() {
				conn, err := b.Accept()
				if err == nil {
					accepted <- conn
				}
			}()
			raw := b.dial(t, "127.0.0.1")
			client := tls.Client(raw, &tls.Config{RootCAs: b.roots, ServerName: "localhost", MaxVersion: version})
			require.NoError(t, client.Handshake())
			server := (<-accepted).(*Conn)
			defer server.Close()

			// Garbage below the TLS layer makes the client send an alert.
			_, err := server.NetConn().Write([]byte("\x17\x03\x03\x00\x20" + strings.Repeat("x", 32)))
			require.NoError(t, err)
			_, err = client.Read(make([]byte, 1))
			require.Error(t, err)
			_, err = server.Read(make([]byte, 1))
			require.Error(t, err)
			b.requireRefusal(t, ReasonOther+"remote error: tls: bad record MAC")
		})
	}
}

// TestRefusalsOfOpenSSL speaks with the library that Jami clients use.
func TestRefusalsOfOpenSSL(t *testing.T) {
	openssl := program(t, "openssl")
	tests := map[string]struct {
		life time.Duration
		args []string
		want string
	}{
		"unknown root/1.2": {time.Hour, []string{"-tls1_2"}, ReasonUnknownCA},
		"unknown root/1.3": {time.Hour, []string{"-tls1_3"}, ReasonUnknownCA},
		"other name/1.2":   {time.Hour, []string{"-tls1_2", "-CAfile", "ROOT", "-verify_hostname", "other.example"}, ReasonBadCertificate},
		"other name/1.3":   {time.Hour, []string{"-tls1_3", "-CAfile", "ROOT", "-verify_hostname", "other.example"}, ReasonBadCertificate},
		"expired/1.2":      {-time.Minute, []string{"-tls1_2", "-CAfile", "ROOT"}, ReasonExpired},
		"expired/1.3":      {-time.Minute, []string{"-tls1_3", "-CAfile", "ROOT"}, ReasonExpired},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			certificate := selfSigned(t, tt.life)
			b := newBoxWith(t, certificate, Options{})
			b.serve(t)
			args := append([]string{"s_client", "-connect", b.Addr().String(), "-verify_return_error", "-brief"},
				withRoot(t, tt.args, certificate)...)
			run(t, openssl, args...)
			b.requireRefusal(t, tt.want)
		})
	}
}

func TestRefusalsOfGnuTLS(t *testing.T) {
	b := newBox(t, Options{})
	b.serve(t)
	_, port, err := net.SplitHostPort(b.Addr().String())
	require.NoError(t, err)
	run(t, program(t, "gnutls-cli"), "--port", port, "127.0.0.1")
	require.Eventually(t, func() bool { return len(b.Refusals()) == 1 }, 5*time.Second, 2*time.Millisecond)
	require.Contains(t, []string{ReasonUnknownCA, ReasonBadCertificate}, b.Refusals()[0].Reason)
}

func TestRefusalsAreBounded(t *testing.T) {
	r := newRefusals(slog.New(slog.DiscardHandler), time.Now)
	first := netip.MustParseAddr("10.0.0.0")
	for addr, n := first, 0; n < maxRefusals; addr, n = addr.Next(), n+1 {
		r.add(addr, ReasonTimeout)
	}
	r.add(first, ReasonUnknownCA)
	r.add(netip.MustParseAddr("192.0.2.1"), ReasonTimeout)
	all := r.list()
	require.Len(t, all, maxRefusals)
	require.Equal(t, "192.0.2.1", all[0].Remote.String())
	require.Equal(t, first, all[1].Remote)
	require.Equal(t, 2, all[1].Count)
	require.Equal(t, ReasonUnknownCA, all[1].Reason)
	require.Equal(t, "10.0.0.2", all[maxRefusals-1].Remote.String())
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// run waits for the end of a client that is expected to complain.
func run(t *testing.T, path string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	require.Error(t, err, string(out))
	require.NoError(t, ctx.Err())
}

func withRoot(t *testing.T, args []string, certificate *tls.Certificate) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	require.NoError(t, os.WriteFile(path, data, 0o600))
	result := append([]string(nil), args...)
	for i := range result {
		if result[i] == "ROOT" {
			result[i] = path
		}
	}
	return result
}

func selfSigned(t *testing.T, life time.Duration) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-2 * time.Hour),
		NotAfter:     time.Now().Add(life),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
