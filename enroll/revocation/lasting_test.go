// SPDX-License-Identifier: GPL-3.0-or-later

package revocation

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"
)

func TestLastingCRL(t *testing.T) {
	f := newFixture(t)
	alice, bob := f.create(t, "alice"), f.create(t, "bob")
	phone, phoneCert := f.enrol(t, alice, "phone")
	tablet, tabletCert := f.enrol(t, alice, "tablet")
	f.enrol(t, alice, "laptop")
	f.enrol(t, bob, "bobs")
	list := func() (*x509.RevocationList, []byte) {
		t.Helper()
		der, err := f.LastingCRL(t.Context(), alice.AccountID)
		require.NoError(t, err)
		crl, err := x509.ParseRevocationList(der)
		require.NoError(t, err)
		require.NoError(t, crl.CheckSignatureFrom(alice.cert))
		require.Equal(t, alice.cert.NotAfter, crl.NextUpdate)
		return crl, der
	}
	accounts := func() map[string]int {
		t.Helper()
		all, err := f.Accounts(t.Context())
		require.NoError(t, err)
		devices := map[string]int{}
		for _, a := range all {
			devices[a.AccountID] = a.Devices
		}
		return devices
	}
	require.Empty(t, accounts())
	_, err := f.LastingCRL(t.Context(), alice.AccountID)
	require.ErrorIs(t, err, ErrNotFound, "nothing is revoked")

	f.revoke(t, alice, phone, ocsp.KeyCompromise)
	require.Equal(t, map[string]int{alice.AccountID: 1}, accounts())
	first, der := list()
	require.Len(t, first.RevokedCertificateEntries, 1)
	require.Equal(t, phoneCert.SerialNumber, first.RevokedCertificateEntries[0].SerialNumber)
	require.Equal(t, ocsp.KeyCompromise, first.RevokedCertificateEntries[0].ReasonCode)
	require.True(t, first.ThisUpdate.Before(time.Now().Add(-lateClocks+time.Second)), "clocks of clients may be late")

	f.now = func() time.Time { return time.Now().AddDate(0, 3, 0) }
	_, later := list()
	require.Equal(t, der, later, "clients would keep another list beside the first")
	_, err = f.CRL(t.Context(), alice.AccountID)
	require.NoError(t, err)
	_, later = list()
	require.Equal(t, der, later)
	f.now = time.Now

	f.revoke(t, alice, tablet, ocsp.Unspecified)
	require.Equal(t, map[string]int{alice.AccountID: 2}, accounts())
	second, _ := list()
	require.Positive(t, second.Number.Cmp(first.Number))
	require.Len(t, second.RevokedCertificateEntries, 2)
	require.Equal(t, tabletCert.SerialNumber, second.RevokedCertificateEntries[1].SerialNumber)

	f.now = func() time.Time { return time.Now().AddDate(2, 0, 0) }
	require.Empty(t, accounts(), "their certificates have ended")
	_, err = f.LastingCRL(t.Context(), "nobody")
	require.ErrorIs(t, err, ErrNotFound)
}
