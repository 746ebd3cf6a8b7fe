// SPDX-License-Identifier: GPL-3.0-or-later

package revocation

import (
	"crypto/x509"
	"database/sql"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/enrolltest"
	"jamibox/enroll/organization"
	"jamibox/enroll/store"
)

func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func (f *fixture) crl(t testing.TB, issuer string, signer *x509.Certificate) *x509.RevocationList {
	t.Helper()
	der, err := f.CRL(t.Context(), issuer)
	require.NoError(t, err)
	list, err := x509.ParseRevocationList(der)
	require.NoError(t, err)
	require.NoError(t, list.CheckSignatureFrom(signer))
	return list
}

func TestCRL(t *testing.T) {
	f := newFixture(t)
	alice, bob := f.create(t, "alice"), f.create(t, "bob")
	org, err := f.Org.Current()
	require.NoError(t, err)
	phone, phoneCert := f.enrol(t, alice, "phone")
	_, laptopCert := f.enrol(t, alice, "laptop")
	bobs, _ := f.enrol(t, bob, "bobs")
	now := time.Now()
	f.now = func() time.Time { return now }

	empty := f.crl(t, alice.AccountID, alice.cert)
	require.Empty(t, empty.RevokedCertificateEntries)
	require.Equal(t, big.NewInt(1), empty.Number)
	require.WithinDuration(t, now.Add(7*24*time.Hour), empty.NextUpdate, time.Second)
	require.Equal(t, empty.Raw, f.crl(t, alice.AccountID, alice.cert).Raw, "signed once")

	f.revoke(t, bob, bobs, 0)
	require.Equal(t, empty.Raw, f.crl(t, alice.AccountID, alice.cert).Raw, "another account's")
	f.revoke(t, alice, phone, 1)
	second := f.crl(t, alice.AccountID, alice.cert)
	require.Equal(t, big.NewInt(2), second.Number)
	require.Len(t, second.RevokedCertificateEntries, 1)
	require.Equal(t, phoneCert.SerialNumber, second.RevokedCertificateEntries[0].SerialNumber)
	require.Equal(t, 1, second.RevokedCertificateEntries[0].ReasonCode)

	now = now.Add(7*12*time.Hour - time.Minute)
	require.Equal(t, second.Raw, f.crl(t, alice.AccountID, alice.cert).Raw, "half of its life is left")
	now = now.Add(2 * time.Minute)
	third := f.crl(t, alice.AccountID, alice.cert)
	require.Equal(t, big.NewInt(3), third.Number)
	require.Len(t, third.RevokedCertificateEntries, 1)

	organizations := f.crl(t, store.OrganizationIssuer, org.CA.Certificate)
	require.Empty(t, organizations.RevokedCertificateEntries)
	require.NoError(t, f.accounts.Revoke(t.Context(), "alice", 4))
	organizations = f.crl(t, store.OrganizationIssuer, org.CA.Certificate)
	require.Equal(t, big.NewInt(2), organizations.Number)
	require.Len(t, organizations.RevokedCertificateEntries, 1)
	require.Equal(t, alice.cert.SerialNumber, organizations.RevokedCertificateEntries[0].SerialNumber)
	last := f.crl(t, alice.AccountID, alice.cert)
	require.Len(t, last.RevokedCertificateEntries, 2)
	require.Equal(t, laptopCert.SerialNumber, last.RevokedCertificateEntries[1].SerialNumber)
	require.Equal(t, 4, last.RevokedCertificateEntries[1].ReasonCode)

	now = now.AddDate(2, 0, 0)
	require.Empty(t, f.crl(t, alice.AccountID, alice.cert).RevokedCertificateEntries, "those that ended are left out")
	now = now.AddDate(20, 0, 0)
	require.Empty(t, f.crl(t, store.OrganizationIssuer, org.CA.Certificate).RevokedCertificateEntries)

	_, err = f.CRL(t.Context(), "nobody")
	require.ErrorIs(t, err, ErrNotFound)
	empties := newServiceWithout(t)
	_, err = empties.CRL(t.Context(), store.OrganizationIssuer)
	require.ErrorIs(t, err, organization.ErrNotSetUp)
}

func newServiceWithout(t testing.TB) *Service {
	b := enrolltest.NewEmpty(t)
	return New(b.Store, nil, b.Org)
}

func TestCRLAtOnce(t *testing.T) {
	f := newFixture(t)
	var mu sync.Mutex
	ders := make(map[string]string) // by number
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			der, err := f.CRL(t.Context(), store.OrganizationIssuer)
			if err != nil {
				t.Error(err)
				return
			}
			list, err := x509.ParseRevocationList(der)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if other, seen := ders[list.Number.String()]; seen && other != string(der) {
				t.Error("two lists with one number")
			}
			ders[list.Number.String()] = string(der)
		})
	}
	wg.Wait()
	require.Contains(t, ders, "1")
}

func TestOpenSSLChecksCRL(t *testing.T) {
	f := newFixture(t)
	alice := f.create(t, "alice")
	org, err := f.Org.Current()
	require.NoError(t, err)
	phone, revoked := f.enrol(t, alice, "phone")
	_, good := f.enrol(t, alice, "laptop")
	f.revoke(t, alice, phone, 1)
	accounts, err := f.CRL(t.Context(), alice.AccountID)
	require.NoError(t, err)
	organizations, err := f.CRL(t.Context(), store.OrganizationIssuer)
	require.NoError(t, err)
	lists := file(t, "crl.pem", "X509 CRL", accounts, organizations)
	root := file(t, "root.pem", "CERTIFICATE", org.CA.Certificate.Raw)
	issuer := file(t, "issuer.pem", "CERTIFICATE", alice.cert.Raw)
	verify := func(cert *x509.Certificate) (string, bool) {
		return openssl(t, "verify", "-crl_check_all", "-CAfile", root, "-untrusted", issuer, "-CRLfile", lists,
			file(t, "cert.pem", "CERTIFICATE", cert.Raw))
	}
	out, ok := verify(good)
	require.True(t, ok, out)
	out, ok = verify(revoked)
	require.False(t, ok)
	require.Contains(t, out, "certificate revoked")

	require.NoError(t, f.accounts.Revoke(t.Context(), "alice", 0))
	organizations, err = f.CRL(t.Context(), store.OrganizationIssuer)
	require.NoError(t, err)
	out, ok = openssl(t, "verify", "-crl_check", "-CAfile", root, "-CRLfile", file(t, "crl.pem", "X509 CRL", organizations), issuer)
	require.False(t, ok)
	require.Contains(t, out, "certificate revoked")
}
