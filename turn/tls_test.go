// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net"
	"testing"
	"time"

	pion "github.com/pion/turn/v3"
	"github.com/stretchr/testify/require"

	"jamibox/turn/pionlog"
)

func TestTLS(t *testing.T) {
	certificate := selfSigned(t)
	cfg := testConfig()
	cfg.TLSListen = []string{"127.0.0.1:0"}
	s := newTestServer(cfg)
	s.certificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate, nil }
	running(t, s)
	addrs := s.Addrs()
	secure := addrs[len(addrs)-1].String()
	require.NotEqual(t, tcpAddr(s).String(), secure)

	roots := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	require.NoError(t, err)
	roots.AddCert(leaf)
	conn, err := tls.Dial("tcp", secure, &tls.Config{RootCAs: roots, ServerName: "box.example"})
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	username, password := s.creds.For("laptop")
	client, err := pion.NewClient(&pion.ClientConfig{
		TURNServerAddr: "127.0.0.1:5349", Username: username, Password: password,
		Conn: pion.NewSTUNConn(conn), LoggerFactory: pionlog.Factory{Logger: slog.New(slog.DiscardHandler)},
	})
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.Listen())
	alice, err := client.Allocate()
	require.NoError(t, err)
	defer func() { _ = alice.Close() }()
	require.EqualValues(t, "tls", s.Allocations()[0].Over)
	bob := dialDevice(t, s, "udp", "bob").allocate(t)
	_, err = alice.WriteTo([]byte("over TLS"), bob.LocalAddr())
	require.NoError(t, err)
	// Bob's side opens with his own packet.
	_, err = bob.WriteTo([]byte("hello"), alice.LocalAddr())
	require.NoError(t, err)
	text, _ := receive(t, alice)
	require.Equal(t, "hello", text)

	t.Run("error/no TLS", func(t *testing.T) {
		plain, err := net.Dial("tcp", secure)
		require.NoError(t, err)
		defer func() { _ = plain.Close() }()
		_, err = plain.Write([]byte("no TLS at all, but long enough"))
		require.NoError(t, err)
		require.NoError(t, plain.SetReadDeadline(time.Now().Add(patience)))
		for err == nil {
			_, err = plain.Read(make([]byte, 100))
		}
		require.False(t, isTimeout(err), "the connection must be ended")
	})
}

func selfSigned(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"box.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestFirstSession(t *testing.T) {
	for name, c := range map[string]struct {
		networks []string
		accepted bool
	}{
		"off":             {nil, false},
		"inside":          {[]string{"127.0.0.0/8"}, true},
		"another network": {[]string{"10.0.0.0/8"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.FirstSessionNetworks = c.networks
			s := newTestServer(cfg)
			running(t, s)
			relay, err := dial(t, "udp", udpAddr(s).String(), "ring", "ring").Allocate()
			require.Equal(t, c.accepted, err == nil, "%v", err)
			if err == nil {
				defer func() { _ = relay.Close() }()
			}
			_, err = dial(t, "udp", udpAddr(s).String(), "ring", "wrong").Allocate()
			require.ErrorContains(t, err, "401")
		})
	}
}
