// SPDX-License-Identifier: GPL-3.0-or-later

package revocation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
	"jamibox/enroll/enrolltest"
	"jamibox/enroll/store"
)

type noBar struct{}

func (noBar) Deny(string)  {}
func (noBar) Allow(string) {}

type fixture struct {
	*enrolltest.Box
	*Service
	accounts *account.Service
}

func newFixture(t testing.TB) *fixture {
	b := enrolltest.New(t)
	keys := account.NewKeyPool(b.Store, b.Seal, b.Org, b.Logger)
	accounts := account.New(b.Store, b.Seal, b.Org, keys, b.Audit, noBar{}, b.Logger)
	return &fixture{Box: b, Service: New(b.Store, accounts, b.Org), accounts: accounts}
}

// person is a user with the account certificate.
type person struct {
	store.User
	cert *x509.Certificate
}

func (f *fixture) create(t testing.TB, name string) person {
	t.Helper()
	u, err := f.accounts.Create(t.Context(), account.NewUser{Username: name, Password: "correct horse"})
	require.NoError(t, err)
	signer, err := f.accounts.Signer(t.Context(), u)
	require.NoError(t, err)
	return person{u, signer.Issuer.Certificate}
}

// enrol gives the person a device; its key need not be RSA here.
func (f *fixture) enrol(t testing.TB, p person, name string) (store.Device, *x509.Certificate) {
	t.Helper()
	signer, err := f.accounts.Signer(t.Context(), p.User)
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	require.NoError(t, err)
	now := time.Now().UTC()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
	}, p.cert, key.Public(), signer.Key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	sum := sha256.Sum256(der)
	d, err := f.Store.EnrolDevice(t.Context(), store.Device{
		UserID: p.ID, DeviceID: name, ShortID: name, Alias: name, CreatedAt: now, LastSeenAt: now,
	}, store.Certificate{Serial: serial.Text(16), Fingerprint: sum[:], DER: der, NotAfter: cert.NotAfter, IssuedAt: now})
	require.NoError(t, err)
	return d, cert
}

func (f *fixture) revoke(t testing.TB, p person, d store.Device, reason int) {
	t.Helper()
	require.NoError(t, f.Store.RevokeDevice(t.Context(), d.ID, p.AccountID, reason, time.Now()))
}

// file writes PEM for the openssl program.
func file(t testing.TB, name, label string, ders ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var text []byte
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})...)
	}
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

func openssl(t testing.TB, args ...string) (output string, ok bool) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("the program openssl is not installed")
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	return string(out), err == nil
}
