// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newLargeAccount is an account as the server makes them, with RSA-4096.
func newLargeAccount(b *testing.B) Issuer {
	b.Helper()
	key, err := GenerateAccountKey(4096)
	require.NoError(b, err)
	cert, err := newOrganization(b, ECDSAP256).IssueAccount(&key.PublicKey, "alice", ValidFor(time.Now(), 10*year), URLs{})
	require.NoError(b, err)
	return Issuer{Certificate: cert, Key: key}
}

func BenchmarkIssueDevice(b *testing.B) {
	account := newLargeAccount(b)
	req := deviceRequest(b, &deviceKey().PublicKey)
	v := ValidFor(time.Now(), year)
	for b.Loop() {
		_, err := account.IssueDevice(req, v, testURLs())
		require.NoError(b, err)
	}
}

func BenchmarkParseDeviceRequest(b *testing.B) {
	text := fixture(b, "gnutls")
	for b.Loop() {
		_, err := ParseDeviceRequest(text)
		require.NoError(b, err)
	}
}

func BenchmarkCreateOCSPResponse(b *testing.B) {
	account := newLargeAccount(b)
	device, err := account.IssueDevice(deviceRequest(b, &deviceKey().PublicKey), ValidFor(time.Now(), year), URLs{})
	require.NoError(b, err)
	req := ocspQuery(b, device, account.Certificate, crypto.SHA1)
	for b.Loop() {
		_, err := account.CreateOCSPResponse(req, always(OCSPStatus{State: OCSPGood}), time.Now(), time.Now().Add(time.Hour))
		require.NoError(b, err)
	}
}
