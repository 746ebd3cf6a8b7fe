// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNewOrganizationCARefuses(t *testing.T) {
	key := must(GenerateKey(ECDSAP256))
	now := time.Now()

	_, err := NewOrganizationCA(key, Subject{}, ValidFor(now, year))
	require.ErrorContains(t, err, "common name is missing")
	_, err = NewOrganizationCA(key, Subject{CommonName: "x"}, ValidFor(now, -2*time.Hour))
	require.ErrorContains(t, err, "before it begins")
}

func TestNewIssuerRefuses(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	caKey := h.organization.Key
	// selfSigned imitates certificates that others made.
	selfSigned := func(isCA bool, usage x509.KeyUsage) []byte {
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "foreign"},
			NotBefore: time.Now(), NotAfter: time.Now().Add(year),
			BasicConstraintsValid: true, IsCA: isCA, KeyUsage: usage,
		}, h.organization.Certificate, caKey.Public(), caKey)
		require.NoError(t, err)
		return der
	}
	cases := map[string]struct {
		der  []byte
		want string
	}{
		"error/not a certificate":           {[]byte("x"), "reading CA certificate"},
		"error/device certificate":          {h.device.Raw, "not a CA"},
		"error/not a CA":                    {selfSigned(false, x509.KeyUsageCertSign), "basic constraints"},
		"error/no key usage":                {selfSigned(true, 0), "key usage"},
		"error/key usage without cert sign": {selfSigned(true, x509.KeyUsageCRLSign), "key usage"},
		"error/key of another":              {h.account.Certificate.Raw, "does not belong"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := NewIssuer(c.der, caKey)
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("error/no key", func(t *testing.T) {
		_, err := NewIssuer(h.organization.Certificate.Raw, nil)
		require.ErrorContains(t, err, "does not belong")
	})
	t.Run("right key", func(t *testing.T) {
		i, err := NewIssuer(h.organization.Certificate.Raw, caKey)
		require.NoError(t, err)
		require.True(t, i.Certificate.Equal(h.organization.Certificate))
	})
}

func TestSerialNumbers(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		n, err := serialNumber()
		require.NoError(t, err)
		require.Positive(t, n.Sign())
		require.LessOrEqual(t, n.BitLen(), 127)
		require.False(t, seen[n.String()])
		seen[n.String()] = true
	}
}

// Old Jami clients made certificates with negative serial numbers; go.mod asks
// the standard library to read them.
func TestNegativeSerialParses(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	template := *h.device
	template.SerialNumber = new(big.Int).Lsh(big.NewInt(0x55), 120) // 16 bytes, first one 0x55
	der, err := x509.CreateCertificate(rand.Reader, &template, h.account.Certificate, template.PublicKey, h.account.Key)
	require.NoError(t, err)
	serial := template.SerialNumber.Bytes()
	at := indexOnce(t, der, append([]byte{0x02, 0x10}, serial...))
	der[at+2] |= 0x80

	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	require.Negative(t, cert.SerialNumber.Sign())
}
