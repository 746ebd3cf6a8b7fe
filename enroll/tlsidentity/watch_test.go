// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// logBuffer collects log lines of several goroutines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 5*time.Second, 2*time.Millisecond)
}

func TestLoadFiles(t *testing.T) {
	f := newFamily(t)
	dir := t.TempDir()
	good := Config{
		Mode:        "files",
		Certificate: write(t, dir, "chain.pem", pemOf(f.leaf, f.middle)),
		Key:         write(t, dir, "key.pem", keyPEM(t, f.leaf)),
		CAFile:      write(t, dir, "ca.pem", pemOf(f.root)),
	}
	_, err := LoadFiles(good)
	require.NoError(t, err)

	tests := map[string]struct {
		change func(*Config)
		want   error
		says   string
	}{
		"no certificate named": {func(c *Config) { c.Certificate = "" }, ErrUnreadable, "tls.certificate"},
		"certificate absent":   {func(c *Config) { c.Certificate = filepath.Join(dir, "absent.pem") }, ErrUnreadable, "absent.pem"},
		"key absent":           {func(c *Config) { c.Key = filepath.Join(dir, "absent.pem") }, ErrUnreadable, "tls.key"},
		"key not named":        {func(c *Config) { c.Key = "" }, ErrKeyMissing, "tls.key"},
		"key is a folder":      {func(c *Config) { c.Key = dir }, ErrUnreadable, "tls.key"},
		"ca file absent":       {func(c *Config) { c.CAFile = filepath.Join(dir, "absent.pem") }, ErrUnreadable, "tls.ca_file"},
		"empty file":           {func(c *Config) { c.Certificate = write(t, dir, "empty", nil) }, ErrUnreadable, "is empty"},
		"huge file":            {func(c *Config) { c.Certificate = write(t, dir, "huge", make([]byte, maxFileSize+1)) }, ErrUnreadable, "larger"},
		"incomplete":           {func(c *Config) { c.CAFile = "" }, ErrIncompleteChain, "chain.pem"},
	}
	for name, tt := range tests {
		t.Run("error/"+name, func(t *testing.T) {
			cfg := good
			tt.change(&cfg)
			_, err := LoadFiles(cfg)
			require.ErrorIs(t, err, tt.want)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestFileSourceFollowsTheFiles(t *testing.T) {
	f := newFamily(t)
	dir := t.TempDir()
	cfg := Config{
		Mode:        "files",
		Certificate: write(t, dir, "chain.pem", pemOf(f.leaf, f.middle)),
		Key:         write(t, dir, "key.pem", keyPEM(t, f.leaf)),
		CAFile:      write(t, dir, "ca.pem", pemOf(f.root)),
	}
	var logs logBuffer
	var identity Identity
	_, err := identity.GetCertificate(nil)
	require.ErrorIs(t, err, ErrNoCertificate)
	s := NewFileSource(cfg, &identity, Options{Interval: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&logs, nil))})
	require.NoError(t, s.Load())

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	defer cancel()
	served := func() []byte {
		c, err := identity.GetCertificate(&tls.ClientHelloInfo{})
		require.NoError(t, err)
		return c.Certificate[0]
	}
	require.Equal(t, f.leaf.certificate.Raw, served())

	// Half of the renewal is there: the old one stays, and one line says why.
	second := issue(t, "second.example", &f.middle, nil, asServer)
	write(t, dir, "chain.pem", pemOf(second, f.middle))
	eventually(t, func() bool { return s.Err() != nil })
	require.ErrorIs(t, s.Err(), ErrKeyMismatch)
	require.Equal(t, f.leaf.certificate.Raw, served())

	write(t, dir, "key.pem", keyPEM(t, second))
	eventually(t, func() bool { return bytes.Equal(served(), second.certificate.Raw) })
	eventually(t, func() bool { return s.Err() == nil })

	// Replaced by renaming, as careful programs do.
	third := issue(t, "third.example", &f.middle, second.key, asServer)
	require.NoError(t, os.Rename(write(t, dir, "new.pem", pemOf(third, f.middle)), cfg.Certificate))
	eventually(t, func() bool { return bytes.Equal(served(), third.certificate.Raw) })

	require.NoError(t, os.Remove(cfg.Key))
	eventually(t, func() bool { return s.Err() != nil })
	require.Equal(t, third.certificate.Raw, served())
	info, ok := identity.Current()
	require.True(t, ok)
	require.Equal(t, SourceFiles, info.Source)
	require.Equal(t, "CN=third.example", info.Subject)
	require.Equal(t, []string{"box.example"}, info.Names)
	require.Equal(t, third.certificate.NotAfter, info.NotAfter)

	cancel()
	require.NoError(t, <-done)
	require.Equal(t, 1, strings.Count(logs.String(), "does not match"))
	require.Equal(t, 1, strings.Count(logs.String(), "no such file"))
	require.NotContains(t, logs.String(), "PRIVATE")
}
