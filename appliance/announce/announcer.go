// SPDX-License-Identifier: GPL-3.0-or-later

package announce

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"jamibox/dht/wire"
	"jamibox/enroll/store"
)

// Lists tells which accounts have revocation lists, and makes them. It is safe
// for concurrent use.
type Lists interface {
	// Accounts returns the accounts that have a list.
	Accounts(ctx context.Context) ([]store.RevokingAccount, error)
	// LastingCRL returns an account's list (DER).
	LastingCRL(ctx context.Context, accountID string) ([]byte, error)
}

// Putter stores values in the DHT for ten minutes. It is safe for concurrent
// use.
type Putter interface {
	// Put returns how many other nodes confirmed the value.
	Put(ctx context.Context, key wire.ID, v *wire.Value) (nodes int, err error)
}

// Announcer puts lists into the DHT. Its methods are safe for concurrent use,
// but Run not with itself.
type Announcer struct {
	lists   Lists
	dht     Putter
	revoked <-chan struct{}
	logger  *slog.Logger

	mu     sync.Mutex
	status Status // guarded by mu
}

// New returns an announcer that has yet to run. It looks for new lists when
// something comes through revoked, and now and then.
func New(lists Lists, dht Putter, revoked <-chan struct{}, logger *slog.Logger) *Announcer {
	return &Announcer{lists: lists, dht: dht, revoked: revoked, logger: logger}
}

// Run announces all lists, and each again before it expires, until ctx is done.
// It may be called again after it returned.
func (a *Announcer) Run(ctx context.Context) {
	r := &run{a: a, results: make(chan result, parallel)}
	defer a.stopped()
	defer r.wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.revoked:
			r.looks = time.Time{}
		case done := <-r.results:
			r.finish(done)
		case <-timer.C:
		}
		wake := r.step(ctx)
		if ctx.Err() != nil {
			return // what failed now failed because of it
		}
		a.report(r)
		timer.Reset(time.Until(wake))
	}
}
