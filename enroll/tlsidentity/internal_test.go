// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// drawer is a Keeper in memory.
type drawer struct {
	mu       sync.Mutex
	material Material
	filled   bool
	saves    int
	err      error
}

func (d *drawer) LoadTLS(context.Context) (Material, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.material, d.filled, d.err
}

func (d *drawer) SaveTLS(_ context.Context, m Material) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	d.material, d.filled = m, true
	d.saves++
	return nil
}

func (d *drawer) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.saves
}

func (d *drawer) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func TestMaterialSatisfiesClients(t *testing.T) {
	m, err := NewMaterial("Example Ltd", []string{"Box.example.", "10.0.0.1", "localhost", "::1", "10.0.0.1", "*.lan.example"}, time.Now())
	require.NoError(t, err)
	root, err := x509.ParseCertificate(m.RootCertificate)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(m.ServerCertificate)
	require.NoError(t, err)

	require.Equal(t, "Example Ltd jamibox root", root.Subject.CommonName)
	require.True(t, root.IsCA && root.MaxPathLenZero)
	require.Equal(t, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, root.KeyUsage)
	require.Equal(t, time.Now().AddDate(20, 0, 0).Year(), root.NotAfter.Year())
	require.Equal(t, "box.example", leaf.Subject.CommonName)
	require.Equal(t, []string{"*.lan.example", "box.example", "localhost"}, leaf.DNSNames)
	require.Len(t, leaf.IPAddresses, 2)
	require.LessOrEqual(t, leaf.NotAfter.Sub(leaf.NotBefore), 397*24*time.Hour)

	dir := t.TempDir()
	write(t, dir, "root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.RootCertificate}))
	write(t, dir, "leaf.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.ServerCertificate}))
	for _, name := range [][]string{
		{"-verify_hostname", "box.example"}, {"-verify_ip", "10.0.0.1"}, {"-verify_ip", "::1"}, {"-verify_hostname", "x.lan.example"},
	} {
		openssl(t, dir, append(append([]string{"verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "root.pem"}, name...), "leaf.pem")...)
	}
}

func TestMaterialNames(t *testing.T) {
	for name, tt := range map[string]struct {
		names []string
		says  string
	}{
		"none":         {nil, "at least one"},
		"blank":        {[]string{" "}, "at least one"},
		"no host name": {[]string{"box", "my box"}, `"my box"`},
		"other script": {[]string{"bücher.example"}, "xn--"},
	} {
		t.Run("error/"+name, func(t *testing.T) {
			_, err := NewMaterial("Example", tt.names, time.Now())
			require.ErrorContains(t, err, tt.says)
		})
	}
	long, err := NewMaterial(strings.Repeat("é", 100), []string{"box"}, time.Now())
	require.NoError(t, err)
	root, err := x509.ParseCertificate(long.RootCertificate)
	require.NoError(t, err)
	require.Len(t, []rune(root.Subject.CommonName), maxCommonName)
}

// handshake returns the certificate that a client trusting rootPEM alone sees
// under each of names.
func handshake(t *testing.T, identity *Identity, rootPEM []byte, names ...string) *x509.Certificate {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(rootPEM))
	var leaf *x509.Certificate
	for _, name := range names {
		near, far := net.Pipe()
		server := tls.Server(far, &tls.Config{GetCertificate: identity.GetCertificate})
		done := make(chan error, 1)
		go func() { done <- server.Handshake() }()
		client := tls.Client(near, &tls.Config{RootCAs: roots, ServerName: name, Time: time.Now})
		require.NoError(t, client.Handshake(), name)
		require.NoError(t, <-done)
		chain := client.ConnectionState().PeerCertificates
		require.Len(t, chain, 2)
		leaf = chain[0]
		near.Close()
		far.Close()
	}
	return leaf
}

func TestInternalRenewsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := []string{"box.example", "10.0.0.1"}
		var mu sync.Mutex
		var logs logBuffer
		var identity Identity
		keeper := &drawer{}
		n := NewInternal(&identity, keeper, func() []string {
			mu.Lock()
			defer mu.Unlock()
			return append([]string(nil), names...)
		}, Options{Interval: time.Hour, Logger: slog.New(slog.NewTextHandler(&logs, nil))})
		require.ErrorIs(t, n.Refresh(t.Context()), ErrNoMaterial)
		require.Nil(t, n.RootPEM())

		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		defer func() {
			cancel()
			require.NoError(t, <-done)
		}()
		advance := func(d time.Duration) {
			<-time.After(d) // The bubble's clock: nobody waits.
			synctest.Wait()
		}

		// The set-up stores the material; the service picks it up.
		material, err := NewMaterial("Example", names, time.Now())
		require.NoError(t, err)
		require.NoError(t, keeper.SaveTLS(ctx, material))
		advance(time.Hour)
		root := n.RootPEM()
		first := handshake(t, &identity, root, "box.example", "10.0.0.1")
		require.Equal(t, 1, keeper.count())
		info, _ := identity.Current()
		require.Equal(t, SourceInternal, info.Source)

		advance(260 * 24 * time.Hour)
		require.Equal(t, 1, keeper.count())
		// The disk is full when it is due: the old one stays until it is not.
		keeper.fail(errors.New("disk full"))
		advance(10 * 24 * time.Hour)
		require.ErrorContains(t, n.Err(), "disk full")
		require.True(t, first.Equal(handshake(t, &identity, root, "box.example")))
		require.Equal(t, 1, strings.Count(logs.String(), "disk full"))
		keeper.fail(nil)
		advance(time.Hour)
		require.NoError(t, n.Err())
		second := handshake(t, &identity, root, "box.example", "10.0.0.1")
		require.False(t, first.Equal(second))
		require.Equal(t, 2, keeper.count())

		mu.Lock()
		names = []string{"10.0.0.2", "box.example"}
		mu.Unlock()
		advance(time.Hour)
		third := handshake(t, &identity, root, "box.example", "10.0.0.2")
		require.Error(t, third.VerifyHostname("10.0.0.1"))
		require.Equal(t, 3, keeper.count())

		// Years later the root is the same.
		advance(5 * 365 * 24 * time.Hour)
		handshake(t, &identity, root, "box.example", "10.0.0.2")
		require.Equal(t, root, n.RootPEM())
		require.NotContains(t, logs.String(), "PRIVATE")
	})
}

func TestInternalAfterRestart(t *testing.T) {
	names := func() []string { return []string{"localhost"} }
	material, err := NewMaterial("Example", names(), time.Now())
	require.NoError(t, err)
	keeper := &drawer{material: material, filled: true}
	var identity Identity
	n := NewInternal(&identity, keeper, names, Options{})
	require.NoError(t, n.Refresh(t.Context()))
	require.Zero(t, keeper.count())
	handshake(t, &identity, n.RootPEM(), "localhost")

	t.Run("error/keeper", func(t *testing.T) {
		keeper := &drawer{err: errors.New("locked")}
		require.ErrorContains(t, NewInternal(&identity, keeper, names, Options{}).Refresh(t.Context()), "locked")
	})
	t.Run("error/keys mixed up", func(t *testing.T) {
		mixed := material
		mixed.ServerKey = material.RootKey
		keeper := &drawer{material: mixed, filled: true}
		require.ErrorIs(t, NewInternal(&identity, keeper, names, Options{}).Refresh(t.Context()), ErrKeyMismatch)
	})
	t.Run("error/root expired", func(t *testing.T) {
		keeper := &drawer{material: material, filled: true}
		later := func() time.Time { return time.Now().AddDate(21, 0, 0) }
		require.ErrorIs(t, NewInternal(&identity, keeper, names, Options{Now: later}).Refresh(t.Context()), ErrExpired)
	})
}
