// SPDX-License-Identifier: GPL-3.0-or-later

package organization_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
	"jamibox/enroll/organization"
	"jamibox/enroll/store"
)

const (
	day  = organization.Lifetime(24 * time.Hour)
	year = 365 * day
)

func registrar(b *enrolltest.Box, org *organization.Holder) *organization.Registrar {
	return organization.NewRegistrar(b.Store, org, b.Audit)
}

func TestSetLifetimes(t *testing.T) {
	b := enrolltest.New(t)
	r := registrar(b, b.Org)
	before, err := b.Org.Current()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change organization.Lifetimes
		err    string
	}{
		"error/device":         {organization.Lifetimes{Device: -1}, "device_lifetime: "},
		"error/beyond account": {organization.Lifetimes{Device: 21 * year}, "device_lifetime: "},
		"error/below device":   {organization.Lifetimes{Account: day}, "account_lifetime: "},
		"error/beyond CA":      {organization.Lifetimes{Account: 31 * year}, "account_lifetime: "},
		"error/list":           {organization.Lifetimes{CRL: organization.Lifetime(time.Second)}, "crl_lifetime: "},
	} {
		_, err := r.SetLifetimes(t.Context(), c.change)
		require.ErrorIs(t, err, organization.ErrLifetime, name)
		require.ErrorContains(t, err, c.err, name)
	}
	held, err := b.Org.Current()
	require.NoError(t, err)
	require.Same(t, before, held, "what is refused changes nothing")

	list := func(int64) ([]byte, time.Time, error) { return []byte{1}, time.Now().Add(time.Hour), nil }
	_, err = b.Store.RenewRevocationList(t.Context(), store.OrganizationIssuer, list)
	require.NoError(t, err)
	stale := func() bool {
		list, err := b.Store.RevocationList(t.Context(), store.OrganizationIssuer)
		require.NoError(t, err)
		return list.Stale
	}
	_, err = r.SetLifetimes(t.Context(), organization.Lifetimes{Device: 90 * day})
	require.NoError(t, err)
	require.False(t, stale())
	_, err = r.SetLifetimes(t.Context(), organization.Lifetimes{CRL: day})
	require.NoError(t, err)
	require.True(t, stale(), "lists with the former nextUpdate are made anew")

	loaded, err := organization.Load(t.Context(), b.Store, b.Seal)
	require.NoError(t, err)
	held, err = b.Org.Current()
	require.NoError(t, err)
	for _, org := range []*organization.Organization{loaded, held} {
		require.Equal(t, 90*day, org.DeviceLifetime)
		require.Equal(t, before.AccountLifetime, org.AccountLifetime)
		require.Equal(t, day, org.CRLLifetime)
		require.Equal(t, before.Name, org.Name)
	}

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.SetLifetimes(cancelled, organization.Lifetimes{CRL: 2 * day})
	require.ErrorIs(t, err, context.Canceled)
	_, err = registrar(b, organization.NewHolder()).SetLifetimes(t.Context(), organization.Lifetimes{})
	require.ErrorIs(t, err, organization.ErrNotSetUp)
}

// A rotation and a change of lifetimes at the same moment both last.
func TestChangesAtOnce(t *testing.T) {
	b := enrolltest.New(t)
	r, rotator := registrar(b, b.Org), organization.NewRotator(b.Store, b.Seal, b.Org)
	var changes sync.WaitGroup
	for i := range 20 {
		changes.Go(func() {
			if _, err := rotator.Rotate(t.Context(), 0, func(organization.RelaySecrets) error { return nil }); err != nil {
				t.Error(err)
			}
		})
		changes.Go(func() {
			if _, err := r.SetLifetimes(t.Context(), organization.Lifetimes{Device: organization.Lifetime(i+1) * day}); err != nil {
				t.Error(err)
			}
		})
	}
	changes.Wait()
	loaded, err := organization.Load(t.Context(), b.Store, b.Seal)
	require.NoError(t, err)
	held, err := b.Org.Current()
	require.NoError(t, err)
	require.Equal(t, loaded.Settings, held.Settings)
	require.Equal(t, loaded.Relay, held.Relay)
}
