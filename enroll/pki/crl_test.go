// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCRL(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	now := time.Now().UTC().Truncate(time.Second)
	for name, issuer := range map[string]Issuer{"organisation": h.organization, "account": h.account} {
		t.Run(name, func(t *testing.T) {
			revoked := []Revoked{
				{Serial: h.device.SerialNumber, At: now.Add(-time.Minute), Reason: 1},
				{Serial: big.NewInt(7), At: now.Add(-time.Hour)},
			}
			der, err := issuer.CreateCRL(big.NewInt(42), now, now.Add(24*time.Hour), revoked)
			require.NoError(t, err)

			list, err := x509.ParseRevocationList(der)
			require.NoError(t, err)
			require.NoError(t, list.CheckSignatureFrom(issuer.Certificate))
			require.Equal(t, int64(42), list.Number.Int64())
			require.Equal(t, now, list.ThisUpdate)
			require.Equal(t, now.Add(24*time.Hour), list.NextUpdate)
			require.Len(t, list.RevokedCertificateEntries, 2)
			for n, e := range list.RevokedCertificateEntries {
				require.Equal(t, revoked[n].Serial, e.SerialNumber)
				require.Equal(t, revoked[n].At, e.RevocationTime)
				require.Equal(t, revoked[n].Reason, e.ReasonCode)
			}
			require.Empty(t, list.RevokedCertificateEntries[1].Extensions, "reason 0 is said by silence")

			path := writeFile(t, "crl.der", der)
			out := run(t, "openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-text", "-CAfile", writeChain(t, issuer.Certificate))
			require.Contains(t, out, "verify OK")
			require.Contains(t, out, "Key Compromise")
			require.Contains(t, out, fmt.Sprintf("%X", h.device.SerialNumber))
			out = run(t, "certtool", "--crl-info", "--inder", "--infile", path)
			require.Contains(t, out, "Revoked certificates (2)")
		})
	}
}

// OpenSSL refuses the revoked device and no other.
func TestCRLSecondOpinion(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	now := time.Now()
	verify := func(revoked ...Revoked) (string, error) {
		der, err := h.account.CreateCRL(big.NewInt(1), now, now.Add(time.Hour), revoked)
		require.NoError(t, err)
		return tryRun(t, "openssl", "verify", "-partial_chain", "-crl_check", "-CRLfile", writeFile(t, "crl.der", der),
			"-trusted", writeChain(t, h.account.Certificate), writeChain(t, h.device))
	}
	out, err := verify(Revoked{Serial: big.NewInt(7), At: now})
	require.NoError(t, err, out)
	out, err = verify(Revoked{Serial: h.device.SerialNumber, At: now})
	require.Error(t, err)
	require.Contains(t, out, "certificate revoked")
}

func TestCRLRefuses(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	now := time.Now()
	for _, reason := range []int{-1, 7, 8, 11} {
		_, err := h.account.CreateCRL(big.NewInt(1), now, now.Add(time.Hour), []Revoked{{Serial: big.NewInt(7), At: now, Reason: reason}})
		require.ErrorContains(t, err, "does not exist")
	}
	_, err := h.account.CreateCRL(big.NewInt(1), now, now.Add(-time.Hour), nil)
	require.ErrorContains(t, err, "creating CRL")
	_, err = h.account.CreateCRL(nil, now, now.Add(time.Hour), nil)
	require.ErrorContains(t, err, "creating CRL")
}
