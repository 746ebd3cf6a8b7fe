// SPDX-License-Identifier: GPL-3.0-or-later

package device

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	breakerWindow = time.Hour
	// breakerLeast is how many devices may be refused within the window on any
	// site; on a large one it is a share of all devices.
	breakerLeast = 5
	breakerShare = 0.05
	breakerMost  = 4096
)

// Breaker stops a mass refusal. A device that is refused destroys its
// identity; when many devices that nobody revoked would be refused within an
// hour, something is wrong with the server (an old backup, a leap of the
// clock), and they are put off instead. It is safe for concurrent use.
type Breaker struct {
	count func(context.Context) (int, error)
	now   func() time.Time

	mu     sync.Mutex
	seen   map[[32]byte]time.Time // guarded by mu
	opened time.Time              // guarded by mu; zero while closed
}

// NewBreaker returns a closed breaker; count tells how many devices there are.
func NewBreaker(count func(context.Context) (int, error)) *Breaker {
	return &Breaker{count: count, now: time.Now, seen: make(map[[32]byte]time.Time)}
}

// Allow tells whether the certificate with this fingerprint may be refused.
func (b *Breaker) Allow(ctx context.Context, fingerprint [32]byte) (bool, error) {
	devices, err := b.count(ctx)
	if err != nil {
		return false, fmt.Errorf("counting devices: %w", err)
	}
	limit := min(max(breakerLeast, int(float64(devices)*breakerShare)), breakerMost)
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	for f, at := range b.seen {
		if now.Sub(at) > breakerWindow {
			delete(b.seen, f)
		}
	}
	if _, again := b.seen[fingerprint]; again || len(b.seen) <= limit {
		b.seen[fingerprint] = now
	}
	if len(b.seen) <= limit {
		b.opened = time.Time{}
		return true, nil
	}
	if b.opened.IsZero() {
		b.opened = now
	}
	return false, nil
}

// Open returns since when the breaker puts devices off; false if it does not.
func (b *Breaker) Open() (time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened.IsZero() || b.now().Sub(b.opened) > breakerWindow {
		return time.Time{}, false
	}
	return b.opened, true
}

// Reset closes the breaker, on an administrator's word that the devices are
// rightly refused. They get their 401 at the next try.
func (b *Breaker) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.seen)
	b.opened = time.Time{}
}
