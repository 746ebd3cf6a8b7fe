// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const year = 365 * 24 * time.Hour

// Keys are made once: RSA is slow.
var (
	accountKey = sync.OnceValue(func() *rsa.PrivateKey { return must(GenerateAccountKey(2048)) })
	deviceKey  = sync.OnceValue(func() *rsa.PrivateKey { return must(GenerateAccountKey(2048)) })
	rsaCAKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(GenerateKey(RSA3072)).(*rsa.PrivateKey) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// hierarchy is an organisation with one account and one device.
type hierarchy struct {
	organization Issuer
	account      Issuer
	device       *x509.Certificate
}

func testURLs() URLs {
	return URLs{OCSP: "http://box.example/api/ocsp/alice", CRL: "http://box.example/crl/alice"}
}

func newOrganization(t testing.TB, kind KeyType) Issuer {
	t.Helper()
	s := Subject{CommonName: "Example CA", Organization: "Exämple", Country: "fr", Province: "P", Locality: "L", OrganizationalUnit: "IT"}
	v := ValidFor(time.Now(), 20*year)
	if kind == RSA3072 {
		return must(NewOrganizationCA(rsaCAKey(), s, v))
	}
	return must(NewOrganizationCA(must(GenerateKey(kind)), s, v))
}

func newHierarchy(t testing.TB, kind KeyType, username string) hierarchy {
	t.Helper()
	h := hierarchy{organization: newOrganization(t, kind)}
	cert, err := h.organization.IssueAccount(&accountKey().PublicKey, username, ValidFor(time.Now(), 10*year), URLs{})
	require.NoError(t, err)
	h.account, err = NewIssuer(cert.Raw, accountKey())
	require.NoError(t, err)
	h.device, err = h.account.IssueDevice(deviceRequest(t, &deviceKey().PublicKey), ValidFor(time.Now(), year), testURLs())
	require.NoError(t, err)
	return h
}

func deviceRequest(t testing.TB, pub *rsa.PublicKey) *DeviceRequest {
	t.Helper()
	spki, err := publicKeyInfo(pub)
	require.NoError(t, err)
	req, err := newDeviceRequest(pub, spki)
	require.NoError(t, err)
	return req
}

// program returns the path of a second opinion, or skips the test.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: no second opinion", name)
	}
	return path
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program(t, name), args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return string(out)
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func writeChain(t testing.TB, certs ...*x509.Certificate) string {
	t.Helper()
	return writeFile(t, "chain.pem", []byte(ChainPEM(certs...)))
}

func requestPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "NEW CERTIFICATE REQUEST", Bytes: der})
}

func parsePublicKey(t testing.TB, spki []byte) *rsa.PublicKey {
	t.Helper()
	pub, err := x509.ParsePKIXPublicKey(spki)
	require.NoError(t, err)
	return pub.(*rsa.PublicKey)
}

func indexOnce(t testing.TB, haystack, needle []byte) int {
	t.Helper()
	require.Equal(t, 1, bytes.Count(haystack, needle))
	return bytes.Index(haystack, needle)
}

// tryRun is run for programs that are expected to say no.
func tryRun(t testing.TB, name string, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program(t, name), args...).CombinedOutput()
	return string(out), err
}
