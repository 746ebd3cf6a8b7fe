// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// Each of many devices adds one to the same entry: none may be lost.
func TestSyncEntriesIsAtomic(t *testing.T) {
	s, path := open(t)
	alice, bob := addUser(t, s, "alice"), addUser(t, s, "bob")
	const devices = 40
	var g errgroup.Group
	for range devices {
		for _, user := range []User{alice, bob} {
			g.Go(func() error {
				return s.SyncEntries(t.Context(), user.ID, "contact", func(stored []SyncedEntry) ([]SyncedEntry, error) {
					n := 0
					if len(stored) > 0 {
						var err error
						if n, err = strconv.Atoi(stored[0].Body); err != nil {
							return nil, err
						}
					}
					return []SyncedEntry{{EntryKey: "k", Body: strconv.Itoa(n + 1)}}, nil
				})
			})
		}
	}
	require.NoError(t, g.Wait())
	require.Equal(t, 2, count(t, path, "synced_entries"))
	require.NoError(t, s.SyncEntries(t.Context(), alice.ID, "contact", func(stored []SyncedEntry) ([]SyncedEntry, error) {
		require.Equal(t, strconv.Itoa(devices), stored[0].Body)
		return nil, nil
	}))
	require.NoError(t, s.SyncEntries(t.Context(), alice.ID, "conversation", func(stored []SyncedEntry) ([]SyncedEntry, error) {
		require.Empty(t, stored, "kinds are apart")
		return nil, nil
	}))
}

func TestSyncEntriesError(t *testing.T) {
	s, path := open(t)
	alice := addUser(t, s, "alice")
	broken := errors.New("broken")
	require.ErrorIs(t, s.SyncEntries(t.Context(), alice.ID, "contact", func([]SyncedEntry) ([]SyncedEntry, error) {
		return []SyncedEntry{{EntryKey: "k"}}, broken
	}), broken)
	require.Zero(t, count(t, path, "synced_entries"))
	many := make([]SyncedEntry, 350)
	for i := range many {
		many[i] = SyncedEntry{EntryKey: fmt.Sprintf("%03d", i), Body: "{}"}
	}
	require.NoError(t, s.SyncEntries(t.Context(), alice.ID, "contact", func([]SyncedEntry) ([]SyncedEntry, error) { return many, nil }))
	require.Equal(t, len(many), count(t, path, "synced_entries"))
}

func TestTakeAccountKeyGivesEachKeyOnce(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	const keys = 30
	for i := range keys {
		require.NoError(t, s.AddAccountKey(ctx, AccountKey{Bits: 2048, SealedKey: []byte{byte(i)}}))
	}
	require.NoError(t, s.AddAccountKey(ctx, AccountKey{Bits: 4096, SealedKey: []byte("big")}))
	var mu sync.Mutex
	taken := make(map[byte]int)
	var g errgroup.Group
	for range keys + 5 {
		g.Go(func() error {
			key, err := s.TakeAccountKey(ctx, 2048)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				taken[key.SealedKey[0]]++
			}
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Len(t, taken, keys)
	for _, n := range taken {
		require.Equal(t, 1, n)
	}
	n, err := s.CountAccountKeys(ctx, 2048)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = s.CountAccountKeys(ctx, 4096)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestRevocationListNumbersGrow(t *testing.T) {
	s, _ := open(t)
	var mu sync.Mutex
	seen := make(map[int64]bool)
	var g errgroup.Group
	for range 20 {
		g.Go(func() error {
			list, err := s.RenewRevocationList(t.Context(), OrganizationIssuer, func(number int64) ([]byte, time.Time, error) {
				return []byte(strconv.FormatInt(number, 10)), start, nil
			})
			mu.Lock()
			defer mu.Unlock()
			seen[list.Number] = true
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Len(t, seen, 20)
	broken := errors.New("broken")
	_, err := s.RenewRevocationList(t.Context(), OrganizationIssuer, func(int64) ([]byte, time.Time, error) { return nil, start, broken })
	require.ErrorIs(t, err, broken)
	list, err := s.RevocationList(t.Context(), OrganizationIssuer)
	require.NoError(t, err)
	require.Equal(t, int64(20), list.Number)
	require.Equal(t, []byte("20"), list.DER)
	require.False(t, list.Stale)
}

// While the list is signed nobody can write, and readers see what is committed.
func TestRevocationDuringRenewal(t *testing.T) {
	s, _ := open(t)
	alice := addUser(t, s, "alice")
	laptop := enrol(t, s, alice, "laptop", "laptop", start)
	writer, err := s.write.DB()
	require.NoError(t, err)
	revoked := make(chan error, 1)
	_, err = s.RenewRevocationList(t.Context(), alice.AccountID, func(int64) ([]byte, time.Time, error) {
		go func() { revoked <- s.RevokeDevice(t.Context(), laptop.Device.ID, alice.AccountID, 0, start) }()
		waiting := func() bool { return writer.Stats().WaitCount > 0 }
		require.Eventually(t, waiting, 5*time.Second, time.Millisecond)
		require.Empty(t, revoked)
		rows, err := s.RevokedCertificates(t.Context(), alice.ID, start)
		require.Empty(t, rows)
		return []byte("crl"), start, err
	})
	require.NoError(t, err)
	require.NoError(t, <-revoked)
	list, err := s.RevocationList(t.Context(), alice.AccountID)
	require.NoError(t, err)
	require.True(t, list.Stale)
}

func TestCancelled(t *testing.T) {
	s, path := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u, a := newUser("alice")
	require.ErrorIs(t, s.CreateUser(ctx, u, a, nil), context.Canceled)
	require.Zero(t, count(t, path, "users"))
	_, err := s.UserByName(ctx, "alice")
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrNotFound)
}
