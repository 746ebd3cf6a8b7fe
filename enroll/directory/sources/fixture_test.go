// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"jamibox/enroll/account"
	"jamibox/enroll/audit"
	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

// GORM leaves the goroutines of its statement caches behind.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1"))
}

// fixture is a registry with the accounts that log in through it.
type fixture struct {
	*Registry
	box      *enrolltest.Box
	accounts *account.Service
	log      *logBuffer

	mu    sync.Mutex
	shift time.Duration // how far the clock is ahead; guarded by mu
	tries int           // guarded by mu
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type noBar struct{}

func (noBar) Deny(string)  {}
func (noBar) Allow(string) {}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{box: enrolltest.New(t), log: new(logBuffer)}
	logger := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.Registry = New(f.box.Store, f.box.Seal, f.box.Audit, logger)
	f.Registry.now = func() time.Time {
		f.mu.Lock()
		defer f.mu.Unlock()
		return time.Now().Add(f.shift)
	}
	keys := account.NewKeyPool(f.box.Store, f.box.Seal, f.box.Org, logger)
	f.accounts = account.New(f.box.Store, f.box.Seal, f.box.Org, keys, f.box.Audit, noBar{}, logger)
	f.accounts.UseSources(f.Registry)
	require.NoError(t, f.Load(t.Context()))
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// pass lets time pass for the registry.
func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shift += d
}

// login logs in from an address of its own, so that nobody is slowed down.
func (f *fixture) login(t testing.TB, login, password string) (store.User, error) {
	t.Helper()
	f.mu.Lock()
	f.tries++
	remote := fmt.Sprint("address ", f.tries)
	f.mu.Unlock()
	return f.accounts.Authenticate(audit.With(t.Context(), audit.Actor{Name: "client", Remote: remote}), login, password)
}

// verdict returns how the latest login ended.
func (f *fixture) verdict(t testing.TB) string {
	t.Helper()
	traces := f.Traces("", 1)
	require.Len(t, traces, 1)
	return traces[0].Verdict
}

// ldapConfig returns the settings for a slapd without TLS.
func ldapConfig(urls ...string) source.Config {
	return source.Config{
		Kind: source.KindLDAP, Preset: "openldap", URLs: urls, TLS: source.TLSNone, AllowPlaintextBind: true,
		BindDN: directorytest.Reader, Bases: []string{directorytest.People},
		Timeout: source.Duration(5 * time.Second), ConnectTimeout: source.Duration(2 * time.Second),
	}
}

func (f *fixture) add(t testing.TB, name string, c source.Config, password string) Source {
	t.Helper()
	s, err := f.Add(t.Context(), NewSource{Name: name, Config: c, BindPassword: password, Enabled: true})
	require.NoError(t, err)
	return s
}

func (f *fixture) state(t testing.TB, name string) Source {
	t.Helper()
	s, err := f.Get(context.WithoutCancel(t.Context()), name)
	require.NoError(t, err)
	return s
}
