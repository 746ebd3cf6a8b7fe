// SPDX-License-Identifier: GPL-3.0-or-later

package revocation

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"jamibox/enroll/pki"
)

func request(t testing.TB, cert, issuer *x509.Certificate, hash crypto.Hash) []byte {
	t.Helper()
	der, err := ocsp.CreateRequest(cert, issuer, &ocsp.RequestOptions{Hash: hash})
	require.NoError(t, err)
	return der
}

func TestOCSP(t *testing.T) {
	f := newFixture(t)
	alice, bob := f.create(t, "alice"), f.create(t, "bob")
	_, good := f.enrol(t, alice, "laptop")
	phone, revoked := f.enrol(t, alice, "phone")
	lost, unspecified := f.enrol(t, alice, "tablet")
	_, bobs := f.enrol(t, bob, "bobs")
	f.revoke(t, alice, phone, ocsp.KeyCompromise)
	f.revoke(t, alice, lost, ocsp.Unspecified)
	unknown := *good
	unknown.SerialNumber = big.NewInt(4711)
	negative := *good
	negative.SerialNumber = big.NewInt(-4711)
	// The serial of another account's certificate, asked of this one.
	borrowed := *bobs

	for name, c := range map[string]struct {
		request []byte
		account string
		status  int
		reason  int
		refusal []byte
	}{
		"good":                    {request(t, good, alice.cert, crypto.SHA1), alice.AccountID, ocsp.Good, 0, nil},
		"good/SHA-256":            {request(t, good, alice.cert, crypto.SHA256), alice.AccountID, ocsp.Good, 0, nil},
		"revoked":                 {request(t, revoked, alice.cert, crypto.SHA1), alice.AccountID, ocsp.Revoked, ocsp.KeyCompromise, nil},
		"revoked/no reason":       {request(t, unspecified, alice.cert, crypto.SHA1), alice.AccountID, ocsp.Revoked, ocsp.Unspecified, nil},
		"unknown":                 {request(t, &unknown, alice.cert, crypto.SHA1), alice.AccountID, ocsp.Unknown, 0, nil},
		"unknown/negative":        {request(t, &negative, alice.cert, crypto.SHA1), alice.AccountID, ocsp.Unknown, 0, nil},
		"unknown/other account":   {request(t, &borrowed, alice.cert, crypto.SHA1), alice.AccountID, ocsp.Unknown, 0, nil},
		"error/foreign issuer":    {request(t, good, alice.cert, crypto.SHA1), bob.AccountID, 0, 0, pki.OCSPError(pki.OCSPUnauthorized)},
		"error/no such account":   {request(t, good, alice.cert, crypto.SHA1), "nobody", 0, 0, pki.OCSPError(pki.OCSPUnauthorized)},
		"error/organisation CA":   {request(t, good, alice.cert, crypto.SHA1), "organization", 0, 0, pki.OCSPError(pki.OCSPUnauthorized)},
		"error/malformed":         {[]byte("not DER"), alice.AccountID, 0, 0, pki.OCSPError(pki.OCSPMalformedRequest)},
		"error/empty":             {nil, alice.AccountID, 0, 0, pki.OCSPError(pki.OCSPMalformedRequest)},
		"error/malformed, nobody": {[]byte{0x30, 0}, "nobody", 0, 0, pki.OCSPError(pki.OCSPMalformedRequest)},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := f.OCSP(t.Context(), c.account, c.request)
			require.NoError(t, err)
			if c.refusal != nil {
				require.Equal(t, c.refusal, answer)
				return
			}
			response, err := ocsp.ParseResponse(answer, alice.cert)
			require.NoError(t, err, "signed by the account key")
			require.Equal(t, c.status, response.Status)
			require.Nil(t, response.Certificate)
			require.WithinDuration(t, time.Now(), response.ThisUpdate, 2*time.Minute)
			require.True(t, response.ThisUpdate.Before(time.Now()), "clocks of clients may be late")
			require.WithinDuration(t, time.Now().Add(ocspLifetime), response.NextUpdate, time.Minute)
			if c.status == ocsp.Revoked {
				require.Equal(t, c.reason, response.RevocationReason)
				require.WithinDuration(t, time.Now(), response.RevokedAt, time.Minute)
			}
		})
	}

	require.NoError(t, f.accounts.SetEnabled(t.Context(), "alice", false))
	answer, err := f.OCSP(t.Context(), alice.AccountID, request(t, good, alice.cert, crypto.SHA1))
	require.NoError(t, err)
	response, err := ocsp.ParseResponse(answer, alice.cert)
	require.NoError(t, err)
	require.Equal(t, ocsp.Good, response.Status, "a disabled user's devices keep their identity")
	require.NoError(t, f.accounts.Revoke(t.Context(), "alice", ocsp.CessationOfOperation))
	answer, err = f.OCSP(t.Context(), alice.AccountID, request(t, good, alice.cert, crypto.SHA1))
	require.NoError(t, err)
	response, err = ocsp.ParseResponse(answer, alice.cert)
	require.NoError(t, err)
	require.Equal(t, ocsp.Revoked, response.Status)
	require.Equal(t, ocsp.CessationOfOperation, response.RevocationReason)
}

// Clients take a "revoked" without their nonce for a failure, and connect.
func TestNonce(t *testing.T) {
	f := newFixture(t)
	alice := f.create(t, "alice")
	phone, cert := f.enrol(t, alice, "phone")
	f.revoke(t, alice, phone, ocsp.KeyCompromise)
	issuer := file(t, "issuer.pem", "CERTIFICATE", alice.cert.Raw)
	asked := filepath.Join(t.TempDir(), "request.der")
	out, ok := openssl(t, "ocsp", "-issuer", issuer, "-cert", file(t, "cert.pem", "CERTIFICATE", cert.Raw), "-nonce", "-reqout", asked)
	require.True(t, ok, out)
	der, err := os.ReadFile(asked)
	require.NoError(t, err)
	answer, err := f.OCSP(t.Context(), alice.AccountID, der)
	require.NoError(t, err)

	response, err := ocsp.ParseResponse(answer, alice.cert)
	require.NoError(t, err)
	require.Equal(t, ocsp.Revoked, response.Status)
	// x/crypto/ocsp does not hand out response extensions.
	var data struct {
		Raw        asn1.RawContent
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Responses  asn1.RawValue
		Extensions []struct {
			ID    asn1.ObjectIdentifier
			Value []byte
		} `asn1:"explicit,tag:1,optional"`
	}
	_, err = asn1.Unmarshal(response.TBSResponseData, &data)
	require.NoError(t, err)
	require.Len(t, data.Extensions, 1)
	require.Equal(t, "1.3.6.1.5.5.7.48.1.2", data.Extensions[0].ID.String())
	require.Contains(t, string(der), string(data.Extensions[0].Value))
	require.Greater(t, len(data.Extensions[0].Value), 8)

	answered := filepath.Join(t.TempDir(), "answer.der")
	require.NoError(t, os.WriteFile(answered, answer, 0o600))
	org, err := f.Org.Current()
	require.NoError(t, err)
	root := file(t, "root.pem", "CERTIFICATE", org.CA.Certificate.Raw)
	out, ok = openssl(t, "ocsp", "-issuer", issuer, "-cert", file(t, "cert.pem", "CERTIFICATE", cert.Raw), "-no_nonce", "-reqin", asked,
		"-respin", answered, "-CAfile", root, "-verify_other", issuer)
	require.True(t, ok, out)
	require.Contains(t, out, "Response verify OK")
	require.NotContains(t, out, "WARNING")
	require.Contains(t, out, "revoked")
	require.Contains(t, out, "keyCompromise")
}

// "unknown" is kept with a peer's certificate and bars it for good.
func TestOCSPFaults(t *testing.T) {
	f := newFixture(t)
	alice := f.create(t, "alice")
	_, cert := f.enrol(t, alice, "laptop")
	der := request(t, cert, alice.cert, crypto.SHA1)
	later := pki.OCSPError(pki.OCSPTryLater)
	fault := func(name string, ctx context.Context) {
		t.Helper()
		answer, err := f.OCSP(ctx, alice.AccountID, der)
		require.Error(t, err, name)
		require.Equal(t, later, answer, name)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	fault("client left", cancelled)

	for range cap(f.waiting) {
		f.waiting <- struct{}{}
	}
	_, err := f.OCSP(t.Context(), alice.AccountID, der)
	require.ErrorIs(t, err, ErrBusy)
	fault("busy", t.Context())
	_, err = f.CRL(t.Context(), alice.AccountID)
	require.ErrorIs(t, err, ErrBusy)
	for range cap(f.waiting) {
		<-f.waiting
	}

	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := f.OCSP(t.Context(), alice.AccountID, der)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()

	// The certificates cannot be read, while the users can.
	db := raw(t, f.Path)
	_, err = db.Exec("ALTER TABLE certificates RENAME TO gone")
	require.NoError(t, err)
	fault("certificates unreadable", t.Context())
	_, err = db.Exec("ALTER TABLE gone RENAME TO certificates")
	require.NoError(t, err)
	_, err = db.Exec("ALTER TABLE accounts RENAME TO gone")
	require.NoError(t, err)
	fault("account unreadable", t.Context())
	_, err = db.Exec("ALTER TABLE users RENAME TO gone2")
	require.NoError(t, err)
	fault("users unreadable", t.Context())
}
