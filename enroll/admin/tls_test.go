// SPDX-License-Identifier: GPL-3.0-or-later

package admin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"jamibox/appliance/appliancetest"
)

// trustAll has the client take any certificate, as for a box not set up.
func (a *api) trustAll() { a.client.TrustAny() }

// site is a CA of an organisation that makes its own certificates.
type site struct {
	key  *ecdsa.PrivateKey
	root *x509.Certificate
	dir  string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	s.root, s.key = s.issue(t, "Site root", nil)
	s.write(t, "root.pem", "CERTIFICATE", s.root.Raw)
	return s
}

// issue returns a certificate for 127.0.0.1, or a root if there is none yet.
func (s *site) issue(t *testing.T, name string, addresses []net.IP) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, IPAddresses: addresses,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true,
	}
	parent, signer := s.root, s.key
	if parent == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

// write puts a PEM file there at once, as tools that renew certificates do.
func (s *site) write(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	return s.put(t, name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (s *site) put(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(t, os.WriteFile(path+".new", content, 0o600))
	require.NoError(t, os.Rename(path+".new", path))
	return path
}

// pair writes a certificate and its key, sealed if there is a passphrase.
func (s *site) pair(t *testing.T, name, passphrase string) (cert, key string) {
	t.Helper()
	c, k := s.issue(t, name, []net.IP{net.IPv4(127, 0, 0, 1)})
	var secret []byte
	kind := "PRIVATE KEY"
	if passphrase != "" {
		secret, kind = []byte(passphrase), "ENCRYPTED PRIVATE KEY"
	}
	der, err := pkcs8.MarshalPrivateKey(k, secret, nil)
	require.NoError(t, err)
	return s.write(t, name+".pem", "CERTIFICATE", c.Raw), s.write(t, name+".key", kind, der)
}

// served returns the name in the certificate that the box serves, which must
// be of this site.
func (s *site) served(t require.TestingT, a *api) string {
	roots := x509.NewCertPool()
	roots.AddCert(s.root)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(a.box.URL, "https://"), &tls.Config{RootCAs: roots})
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestSetupWithTLSFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a, right := fresh(t)
	root := filepath.Join(s.dir, "root.pem")
	cert, key := s.pair(t, "first", "")
	_, otherKey := s.pair(t, "other", "")
	sealedCert, sealedKey := s.pair(t, "sealed", "open sesame")
	files := func(changes ...string) map[string]any {
		tls := map[string]string{"certificate": cert, "key": key, "ca_file": root}
		for i := 0; i+1 < len(changes); i += 2 {
			tls[changes[i]] = changes[i+1]
		}
		return wish("tls", tls)
	}
	for name, c := range map[string]struct {
		body any
		want string
	}{
		"other key":        {files("key", otherKey), "does not match"},
		"no passphrase":    {files("certificate", sealedCert, "key", sealedKey), "no passphrase"},
		"wrong passphrase": {files("certificate", sealedCert, "key", sealedKey, "passphrase", "open simsim"), "does not open"},
		"no root":          {files("ca_file", ""), "chain is incomplete"},
		"no key":           {files("key", ""), "key is missing"},
	} {
		detail := problemOf(t, a.call(t, "POST", "/setup", c.body, code(right)), http.StatusUnprocessableEntity, "invalid_setup")
		require.Contains(t, detail, c.want, name)
		require.Contains(t, detail, "tls", name)
		require.NotContains(t, detail, "open simsim", name)
	}
	require.Equal(t, http.StatusCreated, a.call(t, "POST", "/setup", files(), code(right)).Status)
	require.Eventually(t, func() bool { return s.served(t, a) == "first" }, 10*time.Second, 20*time.Millisecond)
	problemOf(t, a.call(t, "GET", "/tls/root", nil), http.StatusNotFound, "not_found")

	// A new pair is served without a restart; in between, while the files do
	// not match, the old one is.
	next, nextKey := s.issue(t, "second", []net.IP{net.IPv4(127, 0, 0, 1)})
	s.write(t, "first.pem", "CERTIFICATE", next.Raw)
	require.Equal(t, "first", s.served(t, a))
	der, err := pkcs8.MarshalPrivateKey(nextKey, nil, nil)
	require.NoError(t, err)
	s.write(t, "first.key", "PRIVATE KEY", der)
	require.Eventually(t, func() bool { return s.served(t, a) == "second" }, 20*time.Second, 50*time.Millisecond)
}

func TestSetupWithSealedTLSFiles(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*testing.T, *site) map[string]string{
		"key with passphrase": func(t *testing.T, s *site) map[string]string {
			cert, key := s.pair(t, "box", "open sesame")
			return map[string]string{"certificate": cert, "key": key}
		},
		"pkcs12": func(t *testing.T, s *site) map[string]string {
			cert, key := s.issue(t, "box", []net.IP{net.IPv4(127, 0, 0, 1)})
			file, err := pkcs12.Modern.Encode(key, cert, nil, "open sesame")
			require.NoError(t, err)
			return map[string]string{"certificate": s.put(t, "box.p12", file)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			files := prepare(t, s)
			files["passphrase"], files["ca_file"] = "open sesame", filepath.Join(s.dir, "root.pem")
			a, right := fresh(t)
			got := a.call(t, "POST", "/setup", wish("tls", files), code(right))
			require.Equal(t, http.StatusCreated, got.Status, "%s", got.Body)
			require.Eventually(t, func() bool { return s.served(t, a) == "box" }, 10*time.Second, 20*time.Millisecond)
			// The passphrase is kept, and not shown.
			a.box.Stop(t)
			require.NotContains(t, a.box.Log.String(), "open sesame")
			again := newAPI(t, appliancetest.Open(t, a.box.Dir, appliancetest.NotSetUp))
			require.Equal(t, "box", s.served(t, again))
		})
	}
}
