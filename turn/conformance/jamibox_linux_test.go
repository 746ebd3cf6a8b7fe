// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/turn"
	"jamibox/turn/credential"
)

// startJamibox starts the relay under test in this process.
func startJamibox(t *testing.T, v variant) relay {
	t.Helper()
	secret := bytes.Repeat([]byte("conformance "), 4)
	credentials, err := credential.New(realm, credential.Secrets{Names: secret, Current: secret})
	require.NoError(t, err)
	certificateFile, keyFile := writeCertificate(t, t.TempDir())
	certificate, err := tls.LoadX509KeyPair(certificateFile, keyFile)
	require.NoError(t, err)

	server := turn.New(turn.Options{
		Config:      jamiboxConfig(v),
		Credentials: credentials,
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &certificate, nil },
		Logger:      slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- server.Run(ctx, func() { close(ready) }) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		require.Empty(t, server.Allocations())
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		require.NoError(t, err, "jamibox must start")
	}
	ip4, ip6 := ports(server.Addrs())
	return relay{
		name: "jamibox", ip4: ip4, ip6: ip6, clients: new(atomic.Uint32),
		account: func(user int) (string, string) { return credentials.For(userName(user)) },
	}
}

func jamiboxConfig(v variant) turn.Config {
	cfg := turn.DefaultConfig()
	cfg.Realm = realm
	cfg.Listen, cfg.Advertise = []string{server4 + ":0"}, []string{server4}
	cfg.TLSListen = []string{server4 + ":0"}
	if v != onlyIPv4 {
		cfg.Listen, cfg.Advertise = append(cfg.Listen, "["+server6+"]:0"), append(cfg.Advertise, server6)
	}
	cfg.Ports = "10000-19999"
	if v == narrow {
		cfg.Ports = "9999-9999"
	}
	cfg.MaxAllocationsPerDevice = userQuota
	cfg.DenyPeers, cfg.RefuseDenied = []string{deniedNetwork}, true
	return cfg
}

// ports sorts listening addresses. A TCP port that is no UDP port is that of
// TLS.
func ports(addrs []net.Addr) (ip4, ip6 map[transport]uint16) {
	ip4, ip6 = make(map[transport]uint16), make(map[transport]uint16)
	at := func(addr net.Addr) (map[transport]uint16, uint16) {
		ap := addrOf(addr)
		if ap.Addr() == netip.MustParseAddr(server6) {
			return ip6, ap.Port()
		}
		return ip4, ap.Port()
	}
	for _, addr := range addrs {
		if addr.Network() == "udp" {
			known, port := at(addr)
			known[udp], known[tcp] = port, port
		}
	}
	for _, addr := range addrs {
		if known, port := at(addr); addr.Network() == "tcp" && known[tcp] != port {
			known[secure] = port
		}
	}
	return ip4, ip6
}
