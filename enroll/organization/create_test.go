// SPDX-License-Identifier: GPL-3.0-or-later

package organization_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
	"jamibox/enroll/organization"
	"jamibox/enroll/seal"
	"jamibox/enroll/store"
)

var admin = store.Administrator{Name: "Anna", Folded: "anna", PasswordHash: "h", CreatedAt: time.Now().UTC()}

func TestCreateAndLoad(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	_, err := organization.Load(t.Context(), b.Store, b.Seal)
	require.ErrorIs(t, err, organization.ErrNotSetUp)
	plan := enrolltest.Plan()
	plan.Name, plan.Advertise = "Exämple", []string{"10.0.0.1", "2001:db8::1"}
	plan.TLS = organization.TLSFiles{Certificate: "/c", Key: "/k", Passphrase: "secret phrase", CAFile: "/ca"}
	made, err := organization.Create(t.Context(), b.Store, b.Seal, plan, admin)
	require.NoError(t, err)
	loaded, err := organization.Load(t.Context(), b.Store, b.Seal)
	require.NoError(t, err)
	require.Equal(t, made.Settings, loaded.Settings)
	require.Equal(t, made.TLS, loaded.TLS)
	require.Equal(t, plan.TLS, loaded.TLS)
	require.Equal(t, made.Relay, loaded.Relay)
	require.Len(t, loaded.Relay.Names, 32)
	require.NotEqual(t, make([]byte, 32), loaded.Relay.Names)
	require.Equal(t, loaded.Relay.Names, loaded.Relay.Current)
	require.True(t, made.CA.Certificate.Equal(loaded.CA.Certificate))
	require.True(t, made.CA.Key.(*ecdsa.PrivateKey).Equal(loaded.CA.Key))
	require.Equal(t, "Exämple CA", loaded.CA.Certificate.Subject.CommonName)
	require.WithinDuration(t, time.Now(), loaded.SetUpAt, time.Minute)
	got, err := b.Store.Administrator(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, "Anna", got.Name)

	for range 2 {
		_, err = organization.Create(t.Context(), b.Store, b.Seal, plan, store.Administrator{Folded: "eve", CreatedAt: time.Now()})
		require.ErrorIs(t, err, organization.ErrSetUp)
	}
	again, err := organization.Load(t.Context(), b.Store, b.Seal)
	require.NoError(t, err)
	require.Equal(t, loaded.Relay, again.Relay)
	_, err = b.Store.Administrator(t.Context(), "eve")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestCreateRefusesABadPlan(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	_, err := organization.Create(t.Context(), b.Store, b.Seal, organization.Plan{}, admin)
	require.ErrorContains(t, err, "organization:")
	_, err = organization.Load(t.Context(), b.Store, b.Seal)
	require.ErrorIs(t, err, organization.ErrNotSetUp)
}

// Two set-ups at the same time, as from a browser and a command.
func TestCreateAtOnce(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	errs := make(chan error)
	for range 4 {
		go func() {
			_, err := organization.Create(t.Context(), b.Store, b.Seal, enrolltest.Plan(), admin)
			errs <- err
		}()
	}
	made := 0
	for range 4 {
		if err := <-errs; err == nil {
			made++
		} else {
			require.ErrorIs(t, err, organization.ErrSetUp)
		}
	}
	require.Equal(t, 1, made)
}

func TestCreateCutOff(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := organization.Create(ctx, b.Store, b.Seal, enrolltest.Plan(), admin)
	require.ErrorIs(t, err, context.Canceled)

	db, err := sql.Open("sqlite", b.Path)
	require.NoError(t, err)
	defer db.Close()
	for _, fault := range []string{
		"BEFORE INSERT ON administrators", "BEFORE INSERT ON settings WHEN NEW.name = 'relay secret'", "BEFORE INSERT ON settings WHEN NEW.name = 'organization'",
	} {
		_, err = db.Exec("CREATE TRIGGER fault " + fault + " BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
		require.NoError(t, err)
		_, err = organization.Create(t.Context(), b.Store, b.Seal, enrolltest.Plan(), admin)
		require.ErrorContains(t, err, "disk is full")
		var n int
		require.NoError(t, db.QueryRow("SELECT (SELECT count(*) FROM settings) + (SELECT count(*) FROM administrators)").Scan(&n))
		require.Zero(t, n)
		_, err = db.Exec("DROP TRIGGER fault")
		require.NoError(t, err)
	}
	_, err = organization.Create(t.Context(), b.Store, b.Seal, enrolltest.Plan(), admin)
	require.NoError(t, err)
}

func TestSecretsAreSealed(t *testing.T) {
	b := enrolltest.NewEmpty(t)
	plan := enrolltest.Plan()
	plan.TLS.Passphrase = "a passphrase to be found"
	org, err := organization.Create(t.Context(), b.Store, b.Seal, plan, admin)
	require.NoError(t, err)
	scalar, err := org.CA.Key.(*ecdsa.PrivateKey).Bytes()
	require.NoError(t, err)
	var file []byte
	for _, suffix := range []string{"", "-wal"} {
		part, err := os.ReadFile(b.Path + suffix)
		require.NoError(t, err)
		file = append(file, part...)
	}
	require.True(t, bytes.Contains(file, org.CA.Certificate.Raw[:64]), "the search finds what is not sealed")
	for name, secret := range map[string][]byte{"CA key": scalar, "relay": org.Relay.Names, "passphrase": []byte(plan.TLS.Passphrase)} {
		require.False(t, bytes.Contains(file, secret), name)
	}
}

func TestLoadFaults(t *testing.T) {
	b := enrolltest.New(t)
	other, err := seal.New(bytes.Repeat([]byte{8}, seal.KeySize))
	require.NoError(t, err)
	_, err = organization.Load(t.Context(), b.Store, other)
	require.ErrorIs(t, err, seal.ErrWrongKey)
	require.ErrorContains(t, err, "reading the CA key: ")
	require.ErrorContains(t, err, "restore the key file")
	_, err = organization.Create(t.Context(), b.Store, other, enrolltest.Plan(), admin)
	require.ErrorIs(t, err, seal.ErrWrongKey, "an organisation is not overwritten")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = organization.Load(ctx, b.Store, b.Seal)
	require.NotErrorIs(t, err, organization.ErrNotSetUp)

	// Sealed values cannot be swapped.
	relay, err := b.Store.Setting(t.Context(), "relay secret")
	require.NoError(t, err)
	require.NoError(t, b.Store.SetSetting(t.Context(), "organization ca key", relay))
	_, err = organization.Load(t.Context(), b.Store, b.Seal)
	require.ErrorIs(t, err, seal.ErrWrongKey)
}

func TestHolder(t *testing.T) {
	h := organization.NewHolder()
	_, err := h.Current()
	require.ErrorIs(t, err, organization.ErrNotSetUp)
	select {
	case <-h.SetUp():
		t.Fatal("set up already")
	default:
	}
	first, second := new(organization.Organization), new(organization.Organization)
	h.Set(first)
	<-h.SetUp()
	h.Set(second)
	got, err := h.Current()
	require.NoError(t, err)
	require.Same(t, first, got)
}
