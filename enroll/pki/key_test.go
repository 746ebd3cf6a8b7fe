// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyTypes(t *testing.T) {
	for _, name := range []string{"rsa-3072", "ecdsa-p256", "ecdsa-p384"} {
		t.Run(name, func(t *testing.T) {
			kind, err := ParseKeyType(name)
			require.NoError(t, err)
			key, err := GenerateKey(kind)
			require.NoError(t, err)
			der, err := MarshalPrivateKey(key)
			require.NoError(t, err)
			again, err := ParsePrivateKey(der)
			require.NoError(t, err)
			require.Equal(t, key.Public(), again.Public())
			run(t, "openssl", "pkey", "-inform", "DER", "-check", "-noout", "-in", writeFile(t, "key.der", der))
		})
	}
	for _, name := range []string{"", "rsa-1024", "RSA-3072", "ed25519"} {
		t.Run("error/"+name, func(t *testing.T) {
			_, err := ParseKeyType(name)
			require.ErrorContains(t, err, "ecdsa-p384")
			_, err = GenerateKey(KeyType(name))
			require.ErrorContains(t, err, "unknown key type")
		})
	}
	kind, err := ParseKeyType("rsa-4096")
	require.NoError(t, err)
	require.Equal(t, RSA4096, kind)
}

func TestGenerateAccountKey(t *testing.T) {
	require.Equal(t, 2048, accountKey().N.BitLen())
	for _, bits := range []int{0, 1024, 2047, 8192} {
		_, err := GenerateAccountKey(bits)
		require.ErrorContains(t, err, "2048, 3072 or 4096")
	}
}

func TestParsePrivateKeyRefuses(t *testing.T) {
	_, err := ParsePrivateKey([]byte("no key"))
	require.ErrorContains(t, err, "decoding private key")

	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := MarshalPrivateKey(key)
	require.NoError(t, err)
	_, err = ParsePrivateKey(der)
	require.ErrorContains(t, err, "neither RSA nor ECDSA")
}

// The vector was checked with an independent implementation.
func TestIDs(t *testing.T) {
	text, err := os.ReadFile("../receipt/testdata/jams-announce-vector.json")
	require.NoError(t, err)
	var vector struct {
		Key     string `json:"account_private_key_pkcs8_der_base64"`
		Account string `json:"account_id"`
		SPKI    string `json:"device_spki_der_base64"`
		Long    string `json:"device_id_long_sha256"`
		Short   string `json:"device_id_short_sha1"`
	}
	require.NoError(t, json.Unmarshal(text, &vector))

	der, err := base64.StdEncoding.DecodeString(vector.Key)
	require.NoError(t, err)
	key, err := ParsePrivateKey(der)
	require.NoError(t, err)
	id, err := AccountID(key.Public())
	require.NoError(t, err)
	require.Equal(t, vector.Account, id)

	spki, err := base64.StdEncoding.DecodeString(vector.SPKI)
	require.NoError(t, err)
	pub := parsePublicKey(t, spki)
	short, err := ShortDeviceID(pub)
	require.NoError(t, err)
	require.Equal(t, vector.Short, short)
	long, err := DeviceID(pub)
	require.NoError(t, err)
	require.Equal(t, vector.Long, long)

	for _, f := range []func(any) (string, error){
		func(k any) (string, error) { return AccountID(k) },
		func(k any) (string, error) { return DeviceID(k) },
	} {
		id, err := f("not a key")
		require.ErrorContains(t, err, "encoding public key")
		require.Empty(t, id)
	}
}
