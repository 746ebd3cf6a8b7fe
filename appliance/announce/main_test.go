// SPDX-License-Identifier: GPL-3.0-or-later

package announce

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"jamibox/dht/wire"
	"jamibox/enroll/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errDown = errors.New("the database is down")

// site is a box and its DHT. A list's content is the account and the number of
// its devices.
type site struct {
	start   time.Time
	revoked chan struct{}
	log     bytes.Buffer // of the announcer alone

	mu       sync.Mutex
	accounts map[string]int // guarded by mu
	made     int            // guarded by mu
	puts     []put          // guarded by mu
	down     bool           // guarded by mu
	others   int            // how many nodes confirm a put; guarded by mu
	hang     bool           // other nodes do not answer; guarded by mu
}

// put is what arrived, when.
type put struct {
	after time.Duration
	key   wire.ID
	text  string
}

// newSite returns a site with accounts that revoked one device each. It must be
// called in a bubble.
func newSite(accounts ...string) *site {
	s := &site{start: time.Now(), revoked: make(chan struct{}, 1), accounts: make(map[string]int), others: 8}
	for _, a := range accounts {
		s.accounts[a] = 1
	}
	return s
}

// announce runs an announcer until the test ends.
func (s *site) announce(t *testing.T) *Announcer {
	a := New(s, s, s.revoked, slog.New(slog.NewTextHandler(&s.log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return a
}

// change edits the site under its lock.
func (s *site) change(edit func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit()
}

// pass lets time pass and what it brings happen.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble, where it costs none
	synctest.Wait()
}

// lists returns how many lists were made.
func (s *site) lists() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

func (s *site) take() []put {
	s.mu.Lock()
	defer s.mu.Unlock()
	puts := s.puts
	s.puts = nil
	return puts
}

func (s *site) Accounts(context.Context) ([]store.RevokingAccount, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errDown
	}
	var all []store.RevokingAccount
	for id, devices := range s.accounts {
		all = append(all, store.RevokingAccount{AccountID: id, Devices: devices})
	}
	return all, nil
}

func (s *site) LastingCRL(_ context.Context, accountID string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	return []byte(accountID + " " + strconv.Itoa(s.accounts[accountID])), nil
}

func (s *site) Put(ctx context.Context, key wire.ID, v *wire.Value) (int, error) {
	s.mu.Lock()
	hang := s.hang
	s.mu.Unlock()
	if hang {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return 0, errDown
	}
	s.puts = append(s.puts, put{time.Since(s.start), key, string(v.Data[2:])})
	return s.others, nil
}

func account(n int) string { return strings.Repeat("0", 36) + strconv.Itoa(1000+n) }

func texts(puts []put) (all []string) {
	for _, p := range puts {
		all = append(all, p.text)
	}
	slices.Sort(all)
	return all
}
