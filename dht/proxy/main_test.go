// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/dht/node"
	"jamibox/dht/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// running is a proxy and its node, which run until the test ends.
type running struct {
	*Server
	node *node.Node
	// udp is where the node listens, url the proxy, without a slash at its end.
	udp netip.AddrPort
	url string
	// rootFile is a PEM file with the root that clients have to trust.
	rootFile string
	client   *http.Client
	logs     *lockedBuffer
	// stop and stopNode end the two. They may be called again.
	stop, stopNode func() error
}

func testLimits() Limits {
	limits := DefaultLimits()
	limits.Requests.Requests, limits.Requests.RequestsPerAddress = 0, 0
	return limits
}

// run starts a node, joined to others, and its proxy.
func run(t *testing.T, limits Limits, bootstrap ...string) *running {
	t.Helper()
	r := runNode(t, bootstrap...)
	cert, roots, pemRoot := identity(t)
	r.rootFile = filepath.Join(t.TempDir(), "root.pem")
	require.NoError(t, os.WriteFile(r.rootFile, pemRoot, 0o600))
	logger := slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.Server = New(Config{
		Listen: "127.0.0.1:0", Limits: limits,
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert, nil },
	}, r.node, logger)
	r.stop = start(t, r.Server.Run)
	r.url = "https://" + r.Addr().String()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	r.client = &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	return r
}

// runNode starts a node without a proxy.
func runNode(t *testing.T, bootstrap ...string) *running {
	t.Helper()
	cfg := node.DefaultConfig()
	cfg.IPv4, cfg.IPv6 = netip.AddrPortFrom(anyLoopback(), 0), netip.AddrPort{}
	cfg.Bootstrap = bootstrap
	r := &running{node: node.New(cfg, slog.New(slog.DiscardHandler)), logs: new(lockedBuffer)}
	r.stopNode = start(t, r.node.Run)
	r.udp = r.node.Stats().Addrs[0]
	return r
}

// anyLoopback returns an address that no other node has: what is sent to one that
// is gone must not reach another that got its port.
func anyLoopback() netip.Addr {
	return netip.AddrFrom4([4]byte{127, byte(1 + mathrand.N(255)), byte(mathrand.N(256)), byte(1 + mathrand.N(254))})
}

// start runs a service until the test ends or stop is called.
func start(t *testing.T, run func(context.Context, func()) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		cancel()
		require.NoError(t, err)
	}
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { require.NoError(t, stop()) })
	return stop
}

// identity makes a certificate for 127.0.0.1 and the root that vouches for it.
func identity(t *testing.T) (*tls.Certificate, *x509.CertPool, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// plain returns a packed value without owner.
func plain(id uint64, data string) []byte {
	v := wire.Value{ID: id, Data: []byte(data), UserType: []byte("text")}
	return v.Append(nil)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
