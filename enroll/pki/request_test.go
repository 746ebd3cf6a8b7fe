// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fixture returns a request of testdata. gnutls.csr.pem has the shape of Jami's
// own (label, RSA-4096, SHA-384, subject) and lies about its UID.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".csr.pem"))
	require.NoError(t, err)
	return text
}

func goRequest(t testing.TB, algorithm x509.SignatureAlgorithm) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "Jami device"}, SignatureAlgorithm: algorithm,
	}, deviceKey())
	require.NoError(t, err)
	return der
}

func TestParseDeviceRequest(t *testing.T) {
	cases := map[string][]byte{
		"gnutls":        fixture(t, "gnutls"),
		"pss signature": fixture(t, "rsa-pss-signature"),
		"sha256":        requestPEM(goRequest(t, x509.SHA256WithRSA)),
		"sha512":        requestPEM(goRequest(t, x509.SHA512WithRSA)),
		"newer label":   bytes.ReplaceAll(fixture(t, "gnutls"), []byte("NEW CERT"), []byte("CERT")),
		"CR LF":         bytes.ReplaceAll(fixture(t, "gnutls"), []byte("\n"), []byte("\r\n")),
		"white space":   []byte("\n  " + string(fixture(t, "gnutls")) + "\n\n"),
		"no last line":  bytes.TrimSpace(fixture(t, "gnutls")),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			req, err := ParseDeviceRequest(text)
			require.NoError(t, err)
			block, _ := pem.Decode(bytes.TrimSpace(text))
			csr, err := x509.ParseCertificateRequest(block.Bytes)
			require.NoError(t, err)
			short, long := sha1.Sum(csr.RawSubjectPublicKeyInfo), sha256.Sum256(csr.RawSubjectPublicKeyInfo)
			require.Equal(t, hex.EncodeToString(short[:]), req.ShortID)
			require.Equal(t, hex.EncodeToString(long[:]), req.DeviceID)
			require.True(t, req.PublicKey.Equal(csr.PublicKey))
		})
	}
}

func TestParseDeviceRequestRefuses(t *testing.T) {
	good := fixture(t, "gnutls")
	der := goRequest(t, x509.SHA256WithRSA)
	// changed returns the request with one bit of it turned.
	changed := func(at int) []byte {
		d := bytes.Clone(der)
		d[at] ^= 1
		return requestPEM(d)
	}
	subject := bytes.Index(der, []byte("Jami device"))
	require.Positive(t, subject)
	cases := map[string]struct {
		text []byte
		want string
	}{
		"error/empty":                {nil, "not PEM"},
		"error/DER":                  {der, "not PEM"},
		"error/text before":          {append([]byte("hello\n"), good...), "not PEM"},
		"error/cut off":              {good[:len(good)/2], "not PEM"},
		"error/text behind":          {append(bytes.Clone(good), "hello"...), "trailing data"},
		"error/two blocks":           {append(bytes.Clone(good), good...), "trailing data"},
		"error/broken block before":  {append([]byte("-----BEGIN CERTIFICATE REQUEST-----\n!!\n"), good...), "trailing data"},
		"error/trailing DER":         {requestPEM(append(bytes.Clone(der), 0)), "not a PKCS #10"},
		"error/certificate":          {[]byte(ChainPEM(newHierarchy(t, ECDSAP256, "alice").device)), "not a CERTIFICATE REQUEST"},
		"error/label without body":   {requestPEM(nil), "not a PKCS #10"},
		"error/label over other DER": {requestPEM(newHierarchy(t, ECDSAP256, "alice").device.Raw), "not a PKCS #10"},
		"error/too long":             {append(bytes.Clone(good), strings.Repeat("\n", maxRequest)...), "too long"},
		"error/signature changed":    {changed(len(der) - 1), "wrong signature"},
		"error/subject changed":      {changed(subject), "wrong signature"},
		"error/sha1":                 {fixture(t, "sha1"), "SHA-256"},
		"error/rsa-1024":             {fixture(t, "rsa-1024"), "weak key: RSA with 1024 bits"},
		"error/rsa-8200":             {fixture(t, "rsa-8200"), "unsupported key: RSA with 8200 bits"},
		"error/exponent 3":           {fixture(t, "exponent-3"), "weak key: RSA exponent 3"},
		"error/ed25519":              {fixture(t, "ed25519"), "an RSA key is needed"},
		"error/RSA-PSS key":          {fixture(t, "rsa-pss-key"), "an RSA key is needed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ParseDeviceRequest(c.text)
			require.ErrorIs(t, err, ErrBadRequest)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// An even modulus is no RSA key at all; the check must not rest on the library.
func TestEvenModulus(t *testing.T) {
	der := goRequest(t, x509.SHA256WithRSA)
	n := deviceKey().N.Bytes()
	der[indexOnce(t, der, n)+len(n)-1] &^= 1
	_, err := ParseDeviceRequest(requestPEM(der))
	require.ErrorIs(t, err, ErrBadRequest)
	require.ErrorContains(t, err, "modulus is even")
}

// Whoever changes a byte of a request cannot make it mean something else: what
// the signature does not cover (its own parameters) changes nothing.
func TestEveryByteCounts(t *testing.T) {
	der := goRequest(t, x509.SHA384WithRSA)
	want, err := ParseDeviceRequest(requestPEM(der))
	require.NoError(t, err)
	for at := range der {
		changed := bytes.Clone(der)
		changed[at] ^= 0x01
		got, err := ParseDeviceRequest(requestPEM(changed))
		if err == nil {
			require.Equal(t, want, got, "byte %d", at)
			continue
		}
		require.ErrorIs(t, err, ErrBadRequest, "byte %d", at)
	}
}

func FuzzParseDeviceRequest(f *testing.F) {
	for _, name := range []string{"gnutls", "sha1", "rsa-1024", "exponent-3", "ed25519", "rsa-pss-key", "rsa-pss-signature"} {
		f.Add(fixture(f, name))
		block, _ := pem.Decode(fixture(f, name))
		f.Add(block.Bytes)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		// The fuzzer does not find base64 by itself: try the bytes as DER too.
		for _, text := range [][]byte{text, requestPEM(text)} {
			req, err := ParseDeviceRequest(text)
			if err != nil {
				require.ErrorIs(t, err, ErrBadRequest)
				continue
			}
			require.Len(t, req.DeviceID, 64)
			require.Len(t, req.ShortID, 40)
			require.GreaterOrEqual(t, req.PublicKey.N.BitLen(), 2048)
		}
	})
}
