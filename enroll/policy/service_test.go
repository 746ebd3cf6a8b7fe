// SPDX-License-Identifier: GPL-3.0-or-later

package policy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"jamibox/enroll/group"
	"jamibox/enroll/seal"
)

func TestCreateAndUpdate(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	p, err := f.Create(ctx, Change{Name: new(" Élèves "), Description: new(" the young ")})
	require.NoError(t, err)
	require.Equal(t, "Élèves", p.Name)
	require.Equal(t, "the young", p.Description)
	require.Zero(t, p.Priority)
	require.Equal(t, Settings{}, p.Settings)
	require.Empty(t, p.Groups)

	settings := texts(map[string]string{"Account.videoEnabled": "false", "TURN.username": "u2", "TURN.password": "secret-77"})
	_, err = f.Update(ctx, "ÉLÈVES", Change{Settings: &settings})
	require.NoError(t, err)
	alice := f.AddUser(t, "alice", nil)
	f.group(t, "b", "élèves", alice)
	f.group(t, "a", "élèves", alice)

	p, err = f.Update(ctx, "élèves", Change{Name: new("pupils"), Priority: new(-3)})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, p.Groups, "groups keep it under its new name")
	require.Equal(t, -3, p.Priority)
	require.Equal(t, "the young", p.Description, "not given, so it stays")
	require.Equal(t, Settings{"Account.videoEnabled": new("false"), "TURN.username": new("u2"), "TURN.password": nil}, p.Settings)
	require.Equal(t, "secret-77", f.sent(t, alice)["TURN.password"], "bound to the new name")
	g, err := f.groups.Get(ctx, "a")
	require.NoError(t, err)
	require.Equal(t, "pupils", g.Policy)

	// What is shown can be handed back; what is not there is gone.
	delete(p.Settings, "Account.videoEnabled")
	p, err = f.Update(ctx, "pupils", Change{Settings: &p.Settings})
	require.NoError(t, err)
	require.Len(t, p.Settings, 2)
	sent := f.sent(t, alice)
	require.Equal(t, "secret-77", sent["TURN.password"])
	require.NotContains(t, sent, "Account.videoEnabled")
	p, err = f.Update(ctx, "pupils", Change{Settings: new(Settings)})
	require.NoError(t, err)
	require.Equal(t, Settings{}, p.Settings)
	require.Equal(t, "p", f.sent(t, alice)["TURN.password"])

	f.policy(t, "staff", -3, nil)
	f.policy(t, "guests", -4, nil)
	list, err := f.List(ctx)
	require.NoError(t, err)
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	require.Equal(t, []string{"guests", "pupils", "staff"}, names, "by priority, then by name")
}

func TestRefusedValues(t *testing.T) {
	f := newFixture(t)
	f.policy(t, "mobile", 0, map[string]string{"Account.autoAnswer": "true"})
	f.policy(t, "staff", 0, nil)
	before, err := f.Get(t.Context(), "mobile")
	require.NoError(t, err)
	settings := func(values map[string]string) *Settings { return new(texts(values)) }
	for name, c := range map[string]struct {
		change Change
		want   error
		words  string
	}{
		"empty name":       {Change{Name: new(" ")}, ErrValue, "empty"},
		"none":             {Change{Name: new("None")}, ErrValue, "no policy"},
		"long name":        {Change{Name: new(strings.Repeat("é", 65))}, ErrValue, "65 characters"},
		"bytes":            {Change{Name: new("\xff")}, ErrValue, "UTF-8"},
		"control":          {Change{Name: new("a\x00b")}, ErrValue, "control character"},
		"taken":            {Change{Name: new("STAFF")}, ErrTaken, "STAFF"},
		"description":      {Change{Description: new(strings.Repeat("x", 501))}, ErrValue, "501"},
		"low priority":     {Change{Priority: new(-1001)}, ErrValue, "-1001"},
		"high priority":    {Change{Priority: new(1001)}, ErrValue, "1001"},
		"unknown key":      {Change{Settings: settings(map[string]string{"Account.videoEnable": "true"})}, ErrInvalid, "did you mean Account.videoEnabled?"},
		"denied key":       {Change{Settings: settings(map[string]string{"TLS.password": "x"})}, ErrInvalid, "never sent"},
		"value":            {Change{Settings: settings(map[string]string{"Account.autoAnswer": "yes"})}, ErrInvalid, "true or false"},
		"half a range":     {Change{Settings: settings(map[string]string{"Account.audioPortMin": "20000"})}, ErrInvalid, "both are needed"},
		"turned range":     {Change{Settings: settings(map[string]string{"Account.videoPortMin": "2", "Account.videoPortMax": "1"})}, ErrInvalid, "the second larger"},
		"no secret stored": {Change{Settings: &Settings{"TURN.password": nil}}, ErrInvalid, "none is stored"},
		"not a secret":     {Change{Settings: &Settings{"Account.autoAnswer": nil}}, ErrInvalid, "Account.autoAnswer"},
	} {
		_, err := f.Update(t.Context(), "mobile", c.change)
		require.ErrorIs(t, err, c.want, name)
		require.ErrorContains(t, err, c.words, name)
		if c.change.Name == nil {
			c.change.Name = new("new")
		}
		_, err = f.Create(t.Context(), c.change)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err = f.Create(t.Context(), Change{})
	require.ErrorIs(t, err, ErrValue)
	_, err = f.Update(t.Context(), "nobody", Change{})
	require.ErrorIs(t, err, ErrNotFound)
	_, err = f.Get(t.Context(), "")
	require.ErrorIs(t, err, ErrNotFound)
	after, err := f.Get(t.Context(), "mobile")
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestRemove(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	alice := f.AddUser(t, "alice", nil)
	f.policy(t, "mobile", 0, map[string]string{"Account.alias": "phone"})
	f.group(t, "phones", "mobile", alice)
	f.group(t, "Boats", "MOBILE")
	err := f.Remove(ctx, "Mobile")
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, "Boats, phones")
	require.Equal(t, "phone", f.sent(t, alice)["Account.alias"])

	_, err = f.groups.Update(ctx, "phones", group.Change{Policy: new("")})
	require.NoError(t, err)
	require.NotContains(t, f.sent(t, alice), "Account.alias")
	require.NoError(t, f.groups.Remove(ctx, "boats"))
	require.NoError(t, f.Remove(ctx, "Mobile"))
	require.ErrorIs(t, f.Remove(ctx, "mobile"), ErrNotFound)
	_, err = f.groups.Update(ctx, "phones", group.Change{Policy: new("mobile")})
	require.ErrorIs(t, err, group.ErrInvalid)
	require.ErrorContains(t, err, `no policy "mobile"`)
}

// A secret of a policy is sealed, shown nowhere, and bound to its policy.
func TestSecretOfPolicy(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	const password = "policy-password-91fe"
	f.policy(t, "mobile", 0, map[string]string{"TURN.password": password})
	f.policy(t, "other", 0, nil)
	alice := f.AddUser(t, "alice", nil)
	f.group(t, "phones", "mobile", alice)
	row, err := f.Store.PolicyByName(ctx, "mobile")
	require.NoError(t, err)
	require.NotContains(t, row.Settings, password)
	effective, _, err := f.Effective(ctx, alice.ID)
	require.NoError(t, err)
	require.Contains(t, effective, Effective{Key: "TURN.password", Origin: OfPolicy, Policy: "mobile"})
	entries, err := f.Store.Audit(ctx, 100)
	require.NoError(t, err)
	for _, e := range entries {
		require.NotContains(t, e.Detail+e.Target, password)
	}

	other, err := f.Store.PolicyByName(ctx, "other")
	require.NoError(t, err)
	other.Settings = row.Settings
	require.NoError(t, f.Store.UpdatePolicy(ctx, other))
	_, err = f.Update(ctx, "other", Change{Priority: new(1)})
	require.ErrorIs(t, err, seal.ErrWrongKey)
	key, err := seal.New(bytes.Repeat([]byte{9}, seal.KeySize))
	require.NoError(t, err)
	_, err = New(f.Store, key, f.network, f.Audit).For(ctx, alice.ID, "laptop")
	require.ErrorIs(t, err, seal.ErrWrongKey, "a broken store is no reason to send half of the settings")
}

// A policy that goes while it is asked for is there or not; nothing fails.
func TestRemovedMeanwhile(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	alice := f.AddUser(t, "alice", nil)
	var g errgroup.Group
	done := make(chan struct{})
	g.Go(func() error {
		defer close(done)
		for range 8 {
			if _, err := f.Create(ctx, Change{Name: new("mobile"), Settings: new(texts(map[string]string{"Account.alias": "phone"}))}); err != nil {
				return err
			}
			if _, err := f.groups.Create(ctx, group.Change{Name: new("phones"), Policy: new("mobile")}); err != nil {
				return err
			}
			if err := f.groups.AddMember(ctx, "phones", "alice"); err != nil {
				return err
			}
			if err := f.groups.Remove(ctx, "phones"); err != nil {
				return err
			}
			if err := f.Remove(ctx, "mobile"); err != nil {
				return err
			}
		}
		return nil
	})
	for range 2 {
		g.Go(func() error {
			for {
				settings, err := f.For(ctx, alice.ID, "laptop")
				if err != nil {
					return err
				}
				if alias, told := settings["Account.alias"]; told && alias != "phone" {
					return fmt.Errorf("alias %q", alias)
				}
				select {
				case <-done:
					return nil
				default:
				}
			}
		})
	}
	require.NoError(t, g.Wait())
}
