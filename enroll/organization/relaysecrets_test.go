// SPDX-License-Identifier: GPL-3.0-or-later

package organization

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

// rotation is a box whose secrets can be rotated, with a clock.
type rotation struct {
	*Rotator
	path    string
	applied []RelaySecrets
}

func newRotation(t *testing.T, clock *time.Time) *rotation {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jamibox.db")
	s, err := store.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	box, err := seal.New(bytes.Repeat([]byte{7}, seal.KeySize))
	require.NoError(t, err)
	plan := Plan{Settings: Settings{Name: "Example", PublicURL: "https://box.example"}, CAKeyType: "ecdsa-p256"}
	org, err := Create(t.Context(), s, box, plan, store.Administrator{Name: "admin", Folded: "admin", CreatedAt: time.Now().UTC()})
	require.NoError(t, err)
	h := NewHolder()
	h.Set(org)
	r := &rotation{Rotator: NewRotator(s, box, h), path: path}
	r.now = func() time.Time { return *clock }
	return r
}

func (r *rotation) rotate(t *testing.T, overlap time.Duration) (RelaySecrets, error) {
	t.Helper()
	return r.Rotate(t.Context(), overlap, func(s RelaySecrets) error {
		r.applied = append(r.applied, s)
		return nil
	})
}

// held returns what everyone gets, and what the next start would read.
func (r *rotation) held(t *testing.T) RelaySecrets {
	t.Helper()
	held, err := r.org.Current()
	require.NoError(t, err)
	stored, err := Load(t.Context(), r.store, r.box)
	require.NoError(t, err)
	require.Equal(t, held.Relay, stored.Relay)
	require.Equal(t, held.Settings, stored.Settings)
	return held.Relay
}

func TestRotate(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 5, time.UTC)
	r := newRotation(t, &now)
	first := r.held(t)
	require.Equal(t, first.Names, first.Current, "as installations begin")
	require.False(t, first.Overlapping(now))
	before, err := r.org.Current()
	require.NoError(t, err)

	second, err := r.rotate(t, time.Hour)
	require.NoError(t, err)
	require.Equal(t, first.Names, second.Names, "names stay")
	require.Len(t, second.Current, relaySecretSize)
	require.NotEqual(t, first.Current, second.Current)
	require.Equal(t, first.Current, second.Previous)
	require.Equal(t, time.Date(2026, 8, 1, 13, 0, 0, 0, time.UTC), second.PreviousUntil)
	require.Equal(t, second, r.held(t))
	require.Equal(t, []RelaySecrets{second}, r.applied)
	require.Equal(t, first, before.Relay, "what was handed out does not change")
	require.Equal(t, before.CA, must(r.org.Current()).CA)

	_, err = r.rotate(t, time.Hour)
	require.ErrorIs(t, err, ErrRotating)
	require.ErrorContains(t, err, "2026-08-01T13:00:00Z")
	require.Equal(t, second, r.held(t))

	now = now.Add(time.Hour)
	require.False(t, second.Overlapping(now))
	third, err := r.rotate(t, MaxOverlap.Duration())
	require.NoError(t, err)
	require.Equal(t, second.Current, third.Previous)
	fourth, err := r.rotate(t, 0)
	require.NoError(t, err, "at once is possible at all times")
	require.Nil(t, fourth.Previous)
	require.Zero(t, fourth.PreviousUntil)
	require.Equal(t, fourth, r.held(t))

	var file []byte
	for _, suffix := range []string{"", "-wal"} {
		part, err := os.ReadFile(r.path + suffix)
		require.NoError(t, err)
		file = append(file, part...)
	}
	for _, s := range r.applied {
		require.False(t, bytes.Contains(file, s.Current), "it is sealed")
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestRotateFaults(t *testing.T) {
	now := time.Now()
	r := newRotation(t, &now)
	first := r.held(t)
	for _, overlap := range []time.Duration{-1, MaxOverlap.Duration() + 1} {
		_, err := r.rotate(t, overlap)
		require.ErrorIs(t, err, ErrOverlap)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Rotate(ctx, 0, func(RelaySecrets) error { panic("what is not stored is not applied") })
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, first, r.held(t))
	require.Empty(t, r.applied)

	fault := errors.New("refused")
	_, err = r.Rotate(t.Context(), 0, func(RelaySecrets) error { return fault })
	require.ErrorIs(t, err, fault)

	require.NoError(t, r.store.SetSetting(t.Context(), relayRotatedName, []byte("nonsense")))
	_, err = Load(t.Context(), r.store, r.box)
	require.ErrorContains(t, err, "reading the relay secrets: ")

	_, err = NewRotator(r.store, r.box, NewHolder()).Rotate(t.Context(), 0, func(RelaySecrets) error { return nil })
	require.ErrorIs(t, err, ErrNotSetUp)
}
