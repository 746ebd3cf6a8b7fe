// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"
)

func always(s OCSPStatus) func(*big.Int) OCSPStatus {
	return func(*big.Int) OCSPStatus { return s }
}

func ocspQuery(t testing.TB, cert, issuer *x509.Certificate, hash crypto.Hash) *OCSPRequest {
	t.Helper()
	der, err := ocsp.CreateRequest(cert, issuer, &ocsp.RequestOptions{Hash: hash})
	require.NoError(t, err)
	req, err := ParseOCSPRequest(der)
	require.NoError(t, err)
	return req
}

func TestOCSPStates(t *testing.T) {
	h := newHierarchy(t, ECDSAP384, "alice")
	now := time.Now().UTC().Truncate(time.Second)
	revokedAt := now.Add(-time.Hour)
	cases := map[string]struct {
		status OCSPStatus
		want   int
	}{
		"good":              {OCSPStatus{State: OCSPGood}, ocsp.Good},
		"unknown":           {OCSPStatus{}, ocsp.Unknown},
		"revoked":           {OCSPStatus{State: OCSPRevoked, At: revokedAt}, ocsp.Revoked},
		"revoked for cause": {OCSPStatus{State: OCSPRevoked, At: revokedAt, Reason: ocsp.KeyCompromise}, ocsp.Revoked},
	}
	issuers := map[string]struct {
		issuer Issuer
		cert   *x509.Certificate
	}{
		"RSA":   {h.account, h.device},
		"ECDSA": {h.organization, h.account.Certificate},
	}
	for kind, i := range issuers {
		for name, c := range cases {
			for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
				t.Run(kind+" "+name+" "+hash.String(), func(t *testing.T) {
					status := func(serial *big.Int) OCSPStatus {
						require.Equal(t, i.cert.SerialNumber, serial)
						return c.status
					}
					der, err := i.issuer.CreateOCSPResponse(ocspQuery(t, i.cert, i.issuer.Certificate, hash), status, now, now.Add(time.Hour))
					require.NoError(t, err)
					resp, err := ocsp.ParseResponseForCert(der, i.cert, i.issuer.Certificate)
					require.NoError(t, err)
					require.Equal(t, c.want, resp.Status)
					require.Equal(t, now, resp.ThisUpdate)
					require.Equal(t, now, resp.ProducedAt)
					require.Equal(t, now.Add(time.Hour), resp.NextUpdate)
					require.Equal(t, i.issuer.Certificate.RawSubject, resp.RawResponderName)
					require.Equal(t, hash, resp.IssuerHash)
					require.Equal(t, c.status.Reason, resp.RevocationReason)
					if c.want == ocsp.Revoked {
						require.Equal(t, revokedAt, resp.RevokedAt)
					}
				})
			}
		}
	}
}

func TestOCSPOtherIssuer(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	now := time.Now()
	other := newOrganization(t, ECDSAP256) // same name, other key
	renamed := must(NewOrganizationCA(other.Key, Subject{CommonName: "Other CA"}, ValidFor(now, year)))
	for name, issuer := range map[string]Issuer{"other key": other, "other name": renamed, "account": h.account} {
		t.Run("error/"+name, func(t *testing.T) {
			der, err := issuer.CreateOCSPResponse(ocspQuery(t, h.account.Certificate, h.organization.Certificate, crypto.SHA1), func(*big.Int) OCSPStatus {
				t.Error("status asked")
				return OCSPStatus{}
			}, now, now)
			require.NoError(t, err)
			_, err = ocsp.ParseResponse(der, nil)
			require.Equal(t, ocsp.ResponseError{Status: ocsp.Unauthorized}, err)
		})
	}
}

func TestOCSPErrors(t *testing.T) {
	for code, want := range map[OCSPErrorCode][]byte{
		OCSPMalformedRequest: ocsp.MalformedRequestErrorResponse,
		OCSPInternalError:    ocsp.InternalErrorErrorResponse,
		OCSPTryLater:         ocsp.TryLaterErrorResponse,
		OCSPUnauthorized:     ocsp.UnauthorizedErrorResponse,
	} {
		require.Equal(t, want, OCSPError(code))
	}
}

func TestCreateOCSPResponseRefuses(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	req := ocspQuery(t, h.device, h.account.Certificate, crypto.SHA1)
	now := time.Now()
	_, err := h.account.CreateOCSPResponse(req, always(OCSPStatus{State: OCSPGood}), now, now.Add(-time.Hour))
	require.ErrorContains(t, err, "next update lies before")
	_, err = h.account.CreateOCSPResponse(req, always(OCSPStatus{State: OCSPRevoked, At: now, Reason: 7}), now, time.Time{})
	require.ErrorContains(t, err, "reason 7")
}

// GnuTLS is what Jami asks with: let it ask, check the signature, and compare the nonce.
func TestOCSPAskedByGnuTLS(t *testing.T) {
	h := newHierarchy(t, RSA3072, "alice")
	cases := map[string]struct {
		status OCSPStatus
		tamper func(nonce []byte)
		want   []string
	}{
		"good":                {OCSPStatus{State: OCSPGood}, nil, []string{"Certificate Status: good", "Verifying OCSP Response: Success"}},
		"revoked":             {OCSPStatus{State: OCSPRevoked, At: time.Now(), Reason: 1}, nil, []string{"Certificate Status: revoked", "Verifying OCSP Response: Success"}},
		"error/nonce differs": {OCSPStatus{State: OCSPGood}, func(nonce []byte) { nonce[len(nonce)-1] ^= 1 }, []string{"nonce in the response doesn't match"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				req, err := ParseOCSPRequest(body)
				if err != nil || len(req.nonce) == 0 {
					t.Error("no request with a nonce", err)
					return
				}
				if c.tamper != nil {
					c.tamper(req.nonce)
				}
				der, err := h.account.CreateOCSPResponse(req, always(c.status), time.Now(), time.Now().Add(time.Hour))
				if err != nil {
					t.Error(err)
				}
				w.Header().Set("Content-Type", "application/ocsp-response")
				if _, err := w.Write(der); err != nil {
					t.Error(err)
				}
			}))
			defer srv.Close()
			// Its exit status also says whether the certificate is good.
			out, _ := tryRun(t, "ocsptool", "--ask="+srv.URL, "--nonce",
				"--load-cert", writeChain(t, h.device), "--load-issuer", writeChain(t, h.account.Certificate))
			for _, w := range c.want {
				require.Contains(t, out, w)
			}
			if c.tamper == nil {
				require.NotContains(t, out, "nonce")
			}
		})
	}
}

// OpenSSL makes the request, for several certificates, and checks the answer and its nonce.
func TestOCSPAskedByOpenSSL(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	second, err := h.account.IssueDevice(deviceRequest(t, &deviceKey().PublicKey), ValidFor(time.Now(), year), URLs{})
	require.NoError(t, err)
	for _, hash := range []string{"-sha1", "-sha256"} {
		t.Run(hash[1:], func(t *testing.T) {
			dir := t.TempDir()
			query, answer := filepath.Join(dir, "req.der"), filepath.Join(dir, "resp.der")
			acc := writeChain(t, h.account.Certificate)
			run(t, "openssl", "ocsp", hash, "-nonce", "-issuer", acc, "-cert", writeChain(t, h.device), "-cert", writeChain(t, second), "-reqout", query)
			der, err := os.ReadFile(query)
			require.NoError(t, err)
			req, err := ParseOCSPRequest(der)
			require.NoError(t, err)
			require.Len(t, req.certs, 2)
			require.NotNil(t, req.nonce)
			status := func(serial *big.Int) OCSPStatus {
				if serial.Cmp(second.SerialNumber) == 0 {
					return OCSPStatus{State: OCSPRevoked, At: time.Now(), Reason: 5}
				}
				return OCSPStatus{State: OCSPGood}
			}
			resp, err := h.account.CreateOCSPResponse(req, status, time.Now(), time.Now().Add(time.Hour))
			require.NoError(t, err)
			for _, id := range req.certs {
				require.Equal(t, 1, bytes.Count(resp, id.raw), "CertID not echoed")
			}
			require.NoError(t, os.WriteFile(answer, resp, 0o600))
			deviceFile, secondFile := writeChain(t, h.device), writeChain(t, second)
			trust := []string{"-respin", answer, "-verify_other", acc, "-CAfile", writeChain(t, h.organization.Certificate)}
			ask := append([]string{"ocsp", hash, "-no_nonce", "-issuer", acc, "-cert", deviceFile, "-cert", secondFile}, trust...)
			out := run(t, "openssl", ask...)
			require.Contains(t, out, "Response verify OK")
			require.Contains(t, out, deviceFile+": good")
			require.Contains(t, out, secondFile+": revoked")
			require.Contains(t, out, "cessationOfOperation")

			// Only without -cert is the request file looked at; -no_nonce keeps its nonce.
			compare := append([]string{"ocsp", "-no_nonce", "-reqin", query}, trust...)
			out = run(t, "openssl", compare...)
			require.Contains(t, out, "Response verify OK")
			require.NotContains(t, out, "WARNING")
			at := indexOnce(t, resp, req.nonce)
			resp[at+len(req.nonce)-1] ^= 1
			require.NoError(t, os.WriteFile(answer, resp, 0o600))
			out, err = tryRun(t, "openssl", compare...)
			require.Error(t, err)
			require.Contains(t, out, "Nonce Verify error")
		})
	}
}

// The nonce is echoed as it came, in the response extensions and nowhere else.
func TestOCSPNonceEcho(t *testing.T) {
	h := newHierarchy(t, ECDSAP256, "alice")
	req := ocspQuery(t, h.device, h.account.Certificate, crypto.SHA1)
	now := time.Now()
	plain, err := h.account.CreateOCSPResponse(req, always(OCSPStatus{State: OCSPGood}), now, time.Time{})
	require.NoError(t, err)
	nonceOID, err := hex.DecodeString("06092b0601050507300102")
	require.NoError(t, err)
	require.NotContains(t, string(plain), string(nonceOID))

	req.nonce = append([]byte{0x04, 0x20}, bytes.Repeat([]byte{0xa5}, 32)...)
	der, err := h.account.CreateOCSPResponse(req, always(OCSPStatus{State: OCSPGood}), now, time.Time{})
	require.NoError(t, err)
	at := indexOnce(t, der, nonceOID)
	require.Equal(t, append([]byte{0x04, 0x22}, req.nonce...), der[at+len(nonceOID):][:2+34])
	resp, err := ocsp.ParseResponse(der, h.account.Certificate)
	require.NoError(t, err)
	require.True(t, resp.NextUpdate.IsZero())
	require.Empty(t, resp.Extensions, "single extensions")
	require.IsType(t, &rsa.PublicKey{}, h.account.Key.Public())
	require.Equal(t, x509.SHA256WithRSA, resp.SignatureAlgorithm)
}
