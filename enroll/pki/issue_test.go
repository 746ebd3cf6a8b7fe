// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto/sha1"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// uid returns the one UID of a certificate's subject.
func uid(t *testing.T, c *x509.Certificate) string {
	t.Helper()
	var found []string
	for _, n := range c.Subject.Names {
		if n.Type.Equal(oidUserID) {
			found = append(found, n.Value.(string))
		}
	}
	require.Len(t, found, 1)
	return found[0]
}

func requireCritical(t *testing.T, c *x509.Certificate, want map[string]bool) {
	t.Helper()
	got := make(map[string]bool)
	for _, e := range c.Extensions {
		got[e.Id.String()] = e.Critical
	}
	require.Equal(t, want, got)
}

const (
	oidSKI              = "2.5.29.14"
	oidKeyUsage         = "2.5.29.15"
	oidBasicConstraints = "2.5.29.19"
	oidCRLPoints        = "2.5.29.31"
	oidAKI              = "2.5.29.35"
	oidAIA              = "1.3.6.1.5.5.7.1.1"
)

func TestProfiles(t *testing.T) {
	for _, kind := range []KeyType{RSA3072, ECDSAP256, ECDSAP384} {
		t.Run(string(kind), func(t *testing.T) {
			h := newHierarchy(t, kind, "alice")
			org, acc, dev := h.organization.Certificate, h.account.Certificate, h.device
			for _, c := range []*x509.Certificate{org, acc, dev} {
				id := sha1.Sum(c.RawSubjectPublicKeyInfo)
				require.Equal(t, id[:], c.SubjectKeyId)
				require.Equal(t, must(AccountID(c.PublicKey)), uid(t, c))
				require.Positive(t, c.SerialNumber.Sign())
				require.Equal(t, 3, c.Version)
				require.WithinDuration(t, time.Now().Add(-time.Hour), c.NotBefore, time.Minute)
				require.Empty(t, c.ExtKeyUsage)
			}
			ca := map[string]bool{oidSKI: false, oidAKI: false, oidKeyUsage: true, oidBasicConstraints: true}
			for _, c := range []*x509.Certificate{org, acc} {
				requireCritical(t, c, ca)
				require.True(t, c.IsCA)
				require.Equal(t, -1, c.MaxPathLen)
				require.Equal(t, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, c.KeyUsage)
				require.Equal(t, org.SubjectKeyId, c.AuthorityKeyId)
			}
			requireCritical(t, dev, map[string]bool{oidSKI: false, oidAKI: false, oidKeyUsage: true, oidBasicConstraints: true, oidAIA: false, oidCRLPoints: false})
			require.False(t, dev.IsCA)
			require.Equal(t, x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment|x509.KeyUsageDataEncipherment, dev.KeyUsage)
			require.Equal(t, acc.SubjectKeyId, dev.AuthorityKeyId)
			require.Equal(t, []string{testURLs().OCSP}, dev.OCSPServer)
			require.Equal(t, []string{testURLs().CRL}, dev.CRLDistributionPoints)

			require.Equal(t, "Example CA", org.Subject.CommonName)
			require.Equal(t, []string{"FR"}, org.Subject.Country)
			require.Equal(t, []string{"Exämple"}, org.Subject.Organization)
			require.Equal(t, "alice", acc.Subject.CommonName)
			require.Equal(t, "Jami device", dev.Subject.CommonName)
			require.Equal(t, x509.SHA256WithRSA, dev.SignatureAlgorithm)
			if kind == RSA3072 {
				require.Equal(t, x509.SHA256WithRSA, org.SignatureAlgorithm)
				require.Equal(t, x509.SHA256WithRSA, acc.SignatureAlgorithm)
			}
		})
	}
}

// Any user name gives a chain that Go, OpenSSL and GnuTLS accept, also without
// the organisation CA, in which case the account is the anchor.
func TestChainSecondOpinions(t *testing.T) {
	long := strings.Repeat("爱", 70)
	for _, kind := range []KeyType{RSA3072, ECDSAP384} {
		for name, username := range map[string]string{"plain": "alice", "unicode": long, "controls": "a\x00\n\xff"} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				h := newHierarchy(t, kind, username)
				org, acc := h.organization.Certificate, h.account.Certificate
				roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
				roots.AddCert(org)
				intermediates.AddCert(acc)
				_, err := h.device.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
				require.NoError(t, err)

				run(t, "openssl", "verify", "-x509_strict", "-CAfile", writeChain(t, org), "-untrusted", writeChain(t, acc), writeChain(t, h.device))
				for _, chain := range [][]*x509.Certificate{{h.device, acc, org}, {h.device, acc}} {
					out := run(t, "certtool", "--verify-chain", "--verify-profile", "medium", "--infile", writeChain(t, chain...))
					require.Contains(t, out, "Chain verification output: Verified")
				}
			})
		}
	}
}

func TestChainPEM(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	text := ChainPEM(h.device, h.account.Certificate)
	require.Equal(t, 2, strings.Count(text, "-----BEGIN CERTIFICATE-----\n"))
	require.True(t, strings.HasSuffix(text, "-----END CERTIFICATE-----\n"))
	require.True(t, strings.HasPrefix(text, ChainPEM(h.device)))
	require.Empty(t, ChainPEM())
}

func TestReissueKeepsIdentity(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	again, err := h.account.IssueDevice(deviceRequest(t, &deviceKey().PublicKey), ValidFor(time.Now(), year), URLs{})
	require.NoError(t, err)
	require.NotEqual(t, h.device.SerialNumber, again.SerialNumber)
	require.Equal(t, h.device.RawSubject, again.RawSubject)
	require.Empty(t, again.OCSPServer)
	require.Empty(t, again.CRLDistributionPoints)
}

func TestIssueRefuses(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	v := ValidFor(time.Now(), year)
	pub := &accountKey().PublicKey

	t.Run("error/blank user name", func(t *testing.T) {
		_, err := h.organization.IssueAccount(pub, "  ", v, URLs{})
		require.ErrorContains(t, err, "user name is empty")
	})
	t.Run("error/no key", func(t *testing.T) {
		_, err := h.organization.IssueAccount(nil, "alice", v, URLs{})
		require.ErrorContains(t, err, "there is no key")
	})
	t.Run("error/path length 0", func(t *testing.T) {
		limited := *h.organization.Certificate
		limited.MaxPathLen, limited.MaxPathLenZero = 0, true
		_, err := Issuer{Certificate: &limited, Key: h.organization.Key}.IssueAccount(pub, "alice", v, URLs{})
		require.ErrorContains(t, err, "path length is 0")
	})
	for name, url := range map[string]string{
		"https": "https://box.example/ocsp", "no scheme": "box.example/ocsp", "no host": "http:///ocsp", "space": "http://box.example/a b", "not ASCII": "http://bücher.example/",
	} {
		t.Run("error/address "+name, func(t *testing.T) {
			for _, urls := range []URLs{{OCSP: url}, {CRL: url}} {
				_, err := h.account.IssueDevice(deviceRequest(t, &deviceKey().PublicKey), v, urls)
				require.ErrorContains(t, err, "http:// URL")
			}
		})
	}
}

func TestValidity(t *testing.T) {
	now := time.Date(2031, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600))
	issuer := Validity{NotBefore: now.Add(-24 * time.Hour).UTC().Truncate(time.Second), NotAfter: now.Add(24 * time.Hour).UTC().Truncate(time.Second)}
	cases := map[string]struct {
		in   Validity
		want Validity
		err  string
	}{
		"inside": {
			in:   ValidFor(now, 40*time.Second),
			want: Validity{now.Add(-time.Hour).UTC().Truncate(time.Second), now.Add(40 * time.Second).UTC().Truncate(time.Second)},
		},
		"cut at the end": {
			in:   ValidFor(now, year),
			want: Validity{now.Add(-time.Hour).UTC().Truncate(time.Second), issuer.NotAfter},
		},
		"cut at the beginning": {
			in:   ValidFor(now.Add(-23*time.Hour-30*time.Minute), year),
			want: issuer,
		},
		"error/issuer expired":      {in: ValidFor(now.Add(24*time.Hour), year), err: ErrIssuerExpired.Error()},
		"error/issuer long expired": {in: ValidFor(now.Add(year), year), err: ErrIssuerExpired.Error()},
		"error/issuer not begun":    {in: ValidFor(now.Add(-year), time.Hour), err: "before the issuing certificate's begins"},
		"error/no lifetime":         {in: ValidFor(now, -time.Hour), err: "before it begins"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := c.in.within(issuer)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestIssuerExpired(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	_, err := h.organization.IssueAccount(&accountKey().PublicKey, "alice", ValidFor(time.Now().Add(21*year), year), URLs{})
	require.ErrorIs(t, err, ErrIssuerExpired)
	device, err := h.account.IssueDevice(deviceRequest(t, &deviceKey().PublicKey), ValidFor(time.Now(), 30*year), URLs{})
	require.NoError(t, err)
	require.Equal(t, h.account.Certificate.NotAfter, device.NotAfter)
}

func TestUserIDAttribute(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	out := run(t, "openssl", "x509", "-noout", "-subject", "-in", writeChain(t, h.device))
	require.Contains(t, out, "UID = "+uid(t, h.device))
}
