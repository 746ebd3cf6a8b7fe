// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/enroll/enrolltest"
	"jamibox/enroll/organization"
	"jamibox/enroll/store"
)

func (f *fixture) pooled(t testing.TB) int {
	n, err := f.Box.Store.CountAccountKeys(context.Background(), enrolltest.AccountKeyBits)
	require.NoError(t, err)
	return n
}

// run runs the pool until the returned function is called.
func (f *fixture) run(t testing.TB) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.pool.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

// The pool is nearly full already: making keys is what takes time.
func fillUpTo(t testing.TB, f *fixture, n int) {
	for f.pooled(t) < n {
		f.addKey(t, testKeys()[0])
	}
}

func TestKeyPoolFills(t *testing.T) {
	box := enrolltest.NewEmpty(t)
	f := newServiceOn(box)
	stop := f.run(t)
	defer stop()
	require.Zero(t, f.pooled(t), "before the set-up nothing is made")

	fillUpTo(t, f, PoolSize-1)
	org, err := organization.Create(t.Context(), box.Store, box.Seal, enrolltest.Plan(), store.Administrator{Folded: "a", CreatedAt: time.Now()})
	require.NoError(t, err)
	box.Org.Set(org)
	full := func() bool { return f.pooled(t) == PoolSize }
	require.Eventually(t, full, 30*time.Second, 5*time.Millisecond)

	_, err = f.pool.take(t.Context(), enrolltest.AccountKeyBits)
	require.NoError(t, err)
	require.Eventually(t, full, 30*time.Second, 5*time.Millisecond, "what was taken is made anew")
	stop()

	again := newServiceOn(box)
	require.Equal(t, PoolSize, again.pooled(t), "keys outlive a restart")
	defer again.run(t)()
	key, err := again.pool.take(t.Context(), enrolltest.AccountKeyBits)
	require.NoError(t, err)
	require.NoError(t, key.Validate())
}

func TestKeyPoolStops(t *testing.T) {
	f := newServiceOn(enrolltest.NewEmpty(t))
	f.run(t)()
}

func TestCreatesShareThePool(t *testing.T) {
	f := newFixture(t)
	var mu sync.Mutex
	ids := make(map[string]bool)
	var g errgroup.Group
	for i := range testKeys() {
		g.Go(func() error {
			u, err := f.Create(t.Context(), NewUser{Username: fmt.Sprint("user", i), Password: password})
			mu.Lock()
			defer mu.Unlock()
			ids[u.AccountID] = true
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Len(t, ids, len(testKeys()))
	require.Zero(t, f.pooled(t))
	key, err := f.pool.take(t.Context(), enrolltest.AccountKeyBits)
	require.NoError(t, err, "an empty pool makes one at once")
	require.Equal(t, enrolltest.AccountKeyBits, key.N.BitLen())
}

// TestGenerateEndsWithItsContext is what lets a box stop in time while it makes
// a key, which takes seconds that nothing can cut short.
func TestGenerateEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start := time.Now()
	_, err := generate(ctx, 4096)
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(start), time.Second)
}
