// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

func TestAdded(t *testing.T) {
	s, b := newService(t)
	ctx := t.Context()
	got, err := s.Added(ctx)
	require.NoError(t, err)
	require.Equal(t, Settings{}, got)
	for _, added := range []Settings{texts(map[string]string{"Account.videoEnabled": "false"}), nil, texts(map[string]string{"Account.autoAnswer": "true"}), {}} {
		shown, err := s.SetAdded(ctx, added)
		require.NoError(t, err)
		got, err = s.Added(ctx)
		require.NoError(t, err)
		require.NotNil(t, got)
		require.Len(t, got, len(added))
		require.Equal(t, got, shown)
	}
	answering := map[string]string{"Account.autoAnswer": "true"}
	setAdded(t, s, answering)
	_, err = s.SetAdded(ctx, texts(map[string]string{"Account.videoEnabled": "maybe", "TLS.password": "x", "Account.autoAnswer": "false", "made.up": "1"}))
	require.ErrorIs(t, err, ErrInvalid)
	for _, problem := range []string{"Account.videoEnabled", "TLS.password", "made.up"} {
		require.ErrorContains(t, err, problem)
	}
	got, err = s.Added(ctx)
	require.NoError(t, err)
	require.Equal(t, texts(answering), got, "all or nothing")

	entries, err := b.Store.Audit(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, "client settings changed", entries[0].Action)
	require.NotContains(t, entries[0].Detail, "autoAnswer")

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.For(cancelled, nobody, "laptop")
	require.ErrorIs(t, err, context.Canceled)
	for _, raw := range []string{"{", `{"Account.autoAnswer":null}`, `{"Account.autoAnswer":1}`, `{"TURN.password":{}}`} {
		require.NoError(t, b.Store.SetSetting(ctx, settingName, []byte(raw)))
		_, err = s.For(ctx, nobody, "laptop")
		require.ErrorContains(t, err, "reading the client settings of everyone", raw)
	}
}

// A secret goes in, reaches clients, and is nowhere else to be read.
func TestSecretOfEveryone(t *testing.T) {
	s, b := newService(t)
	ctx := t.Context()
	const password = "relay-password-5c1d"
	sent := func() string {
		settings, err := s.For(ctx, nobody, "laptop")
		require.NoError(t, err)
		return settings["TURN.password"]
	}
	stored := func() string {
		raw, err := b.Store.Setting(ctx, settingName)
		require.NoError(t, err)
		return string(raw)
	}
	require.Equal(t, "p", sent(), "that of the box's relay")
	_, err := s.SetAdded(ctx, Settings{"TURN.password": nil})
	require.ErrorIs(t, err, ErrInvalid, "there is none that could stay")
	setAdded(t, s, map[string]string{"TURN.username": "u2", "TURN.password": password})
	require.Equal(t, password, sent())
	require.NotContains(t, stored(), password)
	shown, err := s.Added(ctx)
	require.NoError(t, err)
	require.Contains(t, shown, "TURN.password")
	require.Nil(t, shown["TURN.password"])

	// What is shown can be handed back.
	shown["Account.videoEnabled"] = new("false")
	shown, err = s.SetAdded(ctx, shown)
	require.NoError(t, err)
	require.Nil(t, shown["TURN.password"])
	require.Equal(t, password, sent())
	_, err = s.SetAdded(ctx, Settings{"Account.videoEnabled": nil, "TURN.password": nil})
	require.ErrorContains(t, err, "Account.videoEnabled: without a value", "only secrets are hidden")
	delete(shown, "TURN.password")
	_, err = s.SetAdded(ctx, shown)
	require.NoError(t, err)
	require.Equal(t, "p", sent())

	_, err = s.SetAdded(ctx, texts(map[string]string{"TURN.password": password + "\xff"}))
	require.ErrorIs(t, err, ErrInvalid)
	require.NotContains(t, err.Error(), password)
	entries, err := b.Store.Audit(ctx, 100)
	require.NoError(t, err)
	for _, e := range entries {
		require.NotContains(t, e.Detail+e.Target, password)
	}
}

// What an earlier version stored is read, and sealed when the box starts.
func TestOldSecret(t *testing.T) {
	s, b := newService(t)
	ctx := t.Context()
	const old = `{"Account.videoEnabled":"false","TURN.password":"open to all","TURN.username":""}`
	stored := func() string {
		raw, err := b.Store.Setting(ctx, settingName)
		require.NoError(t, err)
		return string(raw)
	}
	want := map[string]string{"Account.videoEnabled": "false", "TURN.password": "open to all", "TURN.username": ""}
	require.NoError(t, s.Seal(ctx), "there is nothing yet")
	require.NoError(t, b.Store.SetSetting(ctx, settingName, []byte(old)))
	for range 3 {
		got, err := s.For(ctx, nobody, "laptop")
		require.NoError(t, err)
		require.Subset(t, got, want)
		shown, err := s.Added(ctx)
		require.NoError(t, err)
		require.Equal(t, Settings{"Account.videoEnabled": new("false"), "TURN.password": nil, "TURN.username": new("")}, shown)
		require.NoError(t, s.Seal(ctx))
		require.NotContains(t, stored(), "open to all")
	}
	sealed := stored()
	require.NoError(t, s.Seal(ctx))
	require.Equal(t, sealed, stored(), "once is enough")

	// Sealed text is good in its own place alone, and with its own key.
	row := store.Policy{Name: "x", Folded: "x", Settings: sealed, CreatedAt: s.now(), ChangedAt: s.now()}
	k, err := keptBy(row)
	require.NoError(t, err)
	_, err = s.open(k, "TURN.password")
	require.ErrorIs(t, err, seal.ErrWrongKey)
	other, err := seal.New(bytes.Repeat([]byte{9}, seal.KeySize))
	require.NoError(t, err)
	_, err = New(b.Store, other, s.network, b.Audit).For(ctx, nobody, "laptop")
	require.ErrorIs(t, err, seal.ErrWrongKey)
}
