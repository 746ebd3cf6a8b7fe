// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"crypto/x509"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/audit"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/organization"
	"jamibox/enroll/pki"
	"jamibox/enroll/store"
)

func rows(t testing.TB, f *fixture, table string) (n int) {
	t.Helper()
	db := rawDB(t, f)
	require.NoError(t, db.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
	return n
}

func rawDB(t testing.TB, f *fixture) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+f.Path+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestCreate(t *testing.T) {
	f := newFixture(t)
	ctx := audit.With(t.Context(), anna)
	u, err := f.Create(ctx, NewUser{Username: " Zoe\u0308 ", Password: password, Profile: Profile{
		FirstName: " Zoë ", LastName: "Müller", Email: "z@example.org", Phone: "+33 1 23", Organization: "Example",
	}})
	require.NoError(t, err)
	require.Equal(t, "Zoë", u.Username)
	require.Equal(t, "zoë", u.Folded)
	require.Equal(t, "zoe\nzoe\nmuller\nexample\nz@example.org\n+33 1 23\n33123", u.SearchText)
	require.Equal(t, store.UserActive, u.State)
	stored, err := f.Find(ctx, "ZOË")
	require.NoError(t, err)
	require.Equal(t, u.AccountID, stored.AccountID)
	require.Equal(t, "Zoë Müller", DisplayName(stored))
	require.Equal(t, "a", DisplayName(store.User{Username: "a"}))

	signer, err := f.Signer(ctx, u)
	require.NoError(t, err)
	org, err := f.Org.Current()
	require.NoError(t, err)
	cert := signer.Issuer.Certificate
	require.NoError(t, cert.CheckSignatureFrom(org.CA.Certificate))
	require.True(t, cert.IsCA)
	require.Equal(t, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, cert.KeyUsage)
	require.Equal(t, "Zoë", cert.Subject.CommonName)
	require.Contains(t, fmt.Sprint(cert.Subject.Names), "{0.9.2342.19200300.100.1.1 "+u.AccountID+"}")
	id, err := pki.AccountID(cert.PublicKey)
	require.NoError(t, err)
	require.Equal(t, u.AccountID, id)
	require.WithinDuration(t, time.Now().Add(org.AccountLifetime.Duration()), cert.NotAfter, time.Minute)
	require.True(t, cert.NotBefore.Before(time.Now().Add(-50*time.Minute)), "clocks of clients may be late")
	row, err := f.Box.Store.AccountOf(ctx, u.ID)
	require.NoError(t, err)
	require.Equal(t, cert.SerialNumber.Text(16), row.Serial)
	require.True(t, cert.NotAfter.Equal(row.NotAfter))
	require.NotContains(t, string(row.SealedKey), string(signer.Key.D.Bytes()[:16]))
	chain, err := f.Chain(signer)
	require.NoError(t, err)
	require.Equal(t, []*x509.Certificate{cert, org.CA.Certificate}, chain)

	entries, err := f.Box.Store.Audit(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, store.AuditEntry{
		ID: entries[0].ID, At: entries[0].At, Actor: anna.Name, Action: "user created", Target: "Zoë", Remote: anna.Remote, Detail: u.AccountID,
	}, entries[0])
}

func TestCreateRefuses(t *testing.T) {
	f := newFixture(t)
	f.AddUser(t, "zoë", nil)
	f.AddUser(t, "strasse", nil)
	f.AddUser(t, "gone", nil)
	require.NoError(t, f.Revoke(t.Context(), "gone", 0))
	for name, c := range map[string]struct {
		user NewUser
		err  error
	}{
		"taken":                  {NewUser{Username: "zoë", Password: password}, ErrTaken},
		"taken/case":             {NewUser{Username: " ZOË ", Password: password}, ErrTaken},
		"taken/other form":       {NewUser{Username: "zoe\u0308", Password: password}, ErrTaken},
		"taken/wide":             {NewUser{Username: "ｚｏë", Password: password}, ErrTaken},
		"taken/sharp s":          {NewUser{Username: "Straße", Password: password}, ErrTaken},
		"taken/revoked user's":   {NewUser{Username: "Gone", Password: password}, ErrTaken},
		"invalid/name":           {NewUser{Username: "a/b", Password: password}, ErrInvalid},
		"invalid/empty password": {NewUser{Username: "bob"}, ErrInvalid},
		"invalid/short password": {NewUser{Username: "bob", Password: "1234567"}, ErrInvalid},
		"invalid/field":          {NewUser{Username: "bob", Password: password, Profile: Profile{Email: "a\nb"}}, ErrInvalid},
		"invalid/long field":     {NewUser{Username: "bob", Password: password, Profile: Profile{Phone: strings.Repeat("1", 201)}}, ErrInvalid},
		"invalid/UTF-8":          {NewUser{Username: "bob", Password: password, Profile: Profile{FirstName: "\xff"}}, ErrInvalid},
		"invalid/picture":        {NewUser{Username: "bob", Password: password, Profile: Profile{Picture: []byte("x")}}, ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Create(t.Context(), c.user)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, 3, rows(t, f, "users"))
			require.Equal(t, len(testKeys()), f.pooled(t), "no key is spent")
		})
	}
	_, err := newServiceOn(enrolltest.NewEmpty(t)).Create(t.Context(), NewUser{Username: "bob", Password: password})
	require.ErrorIs(t, err, organization.ErrNotSetUp)
}

func TestCreateAllOrNothing(t *testing.T) {
	f := newFixture(t)
	db := rawDB(t, f)
	_, err := db.Exec("CREATE TRIGGER fault BEFORE INSERT ON pictures BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
	require.NoError(t, err)
	bob := NewUser{Username: "bob", Password: password, Profile: Profile{Picture: picture(t, "png", 10, 10)}}
	_, err = f.Create(t.Context(), bob)
	require.ErrorContains(t, err, "disk is full")
	for _, table := range []string{"users", "accounts", "pictures", "audit"} {
		require.Zero(t, rows(t, f, table), table)
	}
	_, err = db.Exec("DROP TRIGGER fault")
	require.NoError(t, err)
	_, err = f.Create(t.Context(), bob)
	require.NoError(t, err)
	require.Equal(t, 1, rows(t, f, "pictures"))
}

func TestCreateSameNameAtOnce(t *testing.T) {
	f := newFixture(t)
	var wg sync.WaitGroup
	errs := make([]error, len(testKeys()))
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = f.Create(t.Context(), NewUser{Username: "bob", Password: password})
		})
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		require.ErrorIs(t, err, ErrTaken)
	}
	require.Equal(t, 1, made)
	require.Equal(t, 1, rows(t, f, "accounts"))
}

func TestRenewedSigner(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	alice := f.create(t, "alice")
	org, err := f.Org.Current()
	require.NoError(t, err)
	old, err := f.Signer(ctx, alice)
	require.NoError(t, err)
	end := old.Issuer.Certificate.NotAfter

	same, err := f.RenewedSigner(ctx, alice, end.Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, old.Issuer.Certificate.Raw, same.Issuer.Certificate.Raw, "long enough")

	now := time.Now().AddDate(19, 0, 0)
	f.now = func() time.Time { return now }
	renewed, err := f.RenewedSigner(ctx, alice, now.AddDate(2, 0, 0))
	require.NoError(t, err)
	cert := renewed.Issuer.Certificate
	require.True(t, cert.NotAfter.Equal(org.CA.Certificate.NotAfter), "no longer than the CA")
	require.NoError(t, cert.CheckSignatureFrom(org.CA.Certificate))
	require.True(t, renewed.Key.Equal(old.Key))
	require.Equal(t, old.Issuer.Certificate.RawSubject, cert.RawSubject)
	require.Equal(t, old.Issuer.Certificate.SubjectKeyId, cert.SubjectKeyId)
	stored, err := f.Signer(ctx, alice)
	require.NoError(t, err)
	require.Equal(t, cert.Raw, stored.Issuer.Certificate.Raw)
	user, err := f.Find(ctx, "alice")
	require.NoError(t, err)
	require.Equal(t, alice.AccountID, user.AccountID)
	require.Equal(t, "account certificate renewed", f.actions(t)[0])

	again, err := f.RenewedSigner(ctx, alice, now.AddDate(50, 0, 0))
	require.NoError(t, err)
	require.Equal(t, cert.Raw, again.Issuer.Certificate.Raw, "nothing better can be had")
}

func TestSignerNeedsTheMasterKey(t *testing.T) {
	f := newFixture(t)
	alice, bob := f.create(t, "alice"), f.create(t, "bob")
	_, err := rawDB(t, f).Exec("UPDATE accounts SET sealed_key = (SELECT sealed_key FROM accounts WHERE user_id = ?) WHERE user_id = ?", bob.ID, alice.ID)
	require.NoError(t, err)
	_, err = f.Signer(t.Context(), alice)
	require.ErrorContains(t, err, "opening an account key", "a key is sealed to its account")
	_, err = f.Signer(t.Context(), store.User{ID: 99, Username: "nobody"})
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestBarIsTold(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	alice, bob := f.AddUser(t, "alice", nil), f.AddUser(t, "bob", nil)
	laptop, phone := f.enrol(t, alice, "laptop"), f.enrol(t, alice, "phone")
	f.enrol(t, bob, "bobs")
	require.NoError(t, f.Box.Store.RevokeDevice(ctx, phone.ID, alice.AccountID, 0, time.Now()))

	require.NoError(t, f.SetEnabled(ctx, "ALICE", false))
	require.Equal(t, map[string]bool{"laptop": true, "phone": true}, f.bar.denied)
	require.NoError(t, f.SetEnabled(ctx, "alice", true))
	require.Equal(t, map[string]bool{"laptop": false, "phone": true}, f.bar.denied)

	// The device is revoked just as its user is enabled.
	f.bar.onAllow = func(string) {
		require.NoError(t, f.Box.Store.RevokeDevice(ctx, laptop.ID, alice.AccountID, 0, time.Now()))
		f.bar.Deny(laptop.DeviceID)
	}
	require.NoError(t, f.SetEnabled(ctx, "alice", true))
	require.Equal(t, map[string]bool{"laptop": true, "phone": true}, f.bar.denied)
	f.bar.onAllow = nil

	require.NoError(t, f.Revoke(ctx, "bob", 4))
	require.True(t, f.bar.denied["bobs"])
	require.ErrorIs(t, f.SetEnabled(ctx, "bob", true), ErrRevoked)
	require.ErrorIs(t, f.SetPassword(ctx, "bob", password), ErrRevoked)
	require.True(t, f.bar.denied["bobs"])
	require.Equal(t, []string{"user revoked", "user enabled", "user enabled", "user disabled"}, f.actions(t))

	for _, err := range []error{
		f.SetEnabled(ctx, "nobody", true), f.Revoke(ctx, "nobody", 0), f.SetPassword(ctx, "nobody", password),
		func() error { _, err := f.UpdateProfile(ctx, "nobody", Profile{}); return err }(),
	} {
		require.ErrorIs(t, err, ErrNotFound)
		require.ErrorContains(t, err, `"nobody"`)
	}
	require.ErrorIs(t, f.SetPassword(ctx, "alice", "short"), ErrInvalid)
}
