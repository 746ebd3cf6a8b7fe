// SPDX-License-Identifier: GPL-3.0-or-later

package receipt

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/pki"
)

// vector is a receipt that an independent implementation checked.
type vector struct {
	AccountID          string `json:"account_id"`
	DeviceID           string `json:"device_id_short_sha1"`
	AccountKey         []byte `json:"account_private_key_pkcs8_der_base64"`
	AccountSPKI        []byte `json:"account_spki_der_base64"`
	DeviceSPKI         []byte `json:"device_spki_der_base64"`
	Announce           []byte `json:"announce_base64"`
	AnnounceHex        string `json:"announce_hex"`
	Text               string `json:"deviceReceipt"`
	Signature          string `json:"receiptSignature"`
	account            *rsa.PrivateKey
	accountPub, device *rsa.PublicKey
}

func readVector(t testing.TB) vector {
	t.Helper()
	text, err := os.ReadFile("testdata/jams-announce-vector.json")
	require.NoError(t, err)
	var v vector
	require.NoError(t, json.Unmarshal(text, &v))
	key, err := pki.ParsePrivateKey(v.AccountKey)
	require.NoError(t, err)
	v.account = key.(*rsa.PrivateKey)
	v.accountPub = publicKey(t, v.AccountSPKI)
	v.device = publicKey(t, v.DeviceSPKI)
	return v
}

func publicKey(t testing.TB, spki []byte) *rsa.PublicKey {
	t.Helper()
	pub, err := x509.ParsePKIXPublicKey(spki)
	require.NoError(t, err)
	return pub.(*rsa.PublicKey)
}

func TestNewEqualsVector(t *testing.T) {
	v := readVector(t)
	r, err := New(v.account, v.device)
	require.NoError(t, err)
	require.Equal(t, v.Text, r.Text)
	require.Equal(t, v.Signature, r.Signature)
	require.NoError(t, Verify(r.Text, r.Signature, v.accountPub, v.device))
}

func TestAnnouncementEqualsVector(t *testing.T) {
	v := readVector(t)
	got, err := Announcement(v.account, v.device)
	require.NoError(t, err)
	require.Equal(t, v.AnnounceHex, hex.EncodeToString(got))
	require.Equal(t, v.Announce, got)

	// Offsets of the format's description.
	require.Len(t, got, 928)
	for text, at := range map[string]int{"\xa2id\x00": 1, "\xa3dat": 5, "\xa4body\x84": 10, "\xa3seq\x00": 16, "\xa5owner\xc5": 21, "\xa4type\x00": 324, "\xa4data\xc5": 330, "\xa3dev\xc4\x14": 339, "\xa2pk\xc5": 365, "\xa3sig\xc5": 665} {
		require.Equal(t, text, string(got[at:at+len(text)]))
	}
	body, err := newBody(v.accountPub, v.device)
	require.NoError(t, err)
	require.Equal(t, got[15:665], body.append(nil))
}

// The sizes of real deployments use other length bytes than the vector's.
func TestNewLargeKeys(t *testing.T) {
	v := readVector(t)
	account, err := pki.GenerateAccountKey(3072)
	require.NoError(t, err)
	r, err := New(account, v.device)
	require.NoError(t, err)
	require.NoError(t, Verify(r.Text, r.Signature, &account.PublicKey, v.device))

	r, err = New(v.account, &account.PublicKey)
	require.NoError(t, err)
	require.NoError(t, Verify(r.Text, r.Signature, v.accountPub, &account.PublicKey))
	var members map[string]string
	require.NoError(t, json.Unmarshal([]byte(r.Text), &members))
	require.Len(t, members, 4)
	require.Empty(t, members["eth"])
	require.Equal(t, v.AccountID, members["id"])
	_, err = base64.StdEncoding.Strict().DecodeString(members["announce"])
	require.NoError(t, err)
}

func BenchmarkNew(b *testing.B) {
	account, err := pki.GenerateAccountKey(4096)
	require.NoError(b, err)
	device := readVector(b).device
	for b.Loop() {
		_, err := New(account, device)
		require.NoError(b, err)
	}
}
