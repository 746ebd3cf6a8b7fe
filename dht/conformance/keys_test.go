// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"jamibox/dht/wire"
)

// signers are made once: keys take long.
var signers = sync.OnceValues(func() ([2]*rsa.PrivateKey, error) {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return keys, err
		}
		keys[i] = key
	}
	return keys, nil
})

func (c *client) signer(i int) *rsa.PrivateKey {
	c.t.Helper()
	keys, err := signers()
	require.NoError(c.t, err)
	return keys[i]
}

// signed signs a value with the first key.
func (c *client) signed(v wire.Value) wire.Value { return c.signedBy(0, v) }

func (c *client) signedBy(i int, v wire.Value) wire.Value {
	c.t.Helper()
	require.NoError(c.t, v.Sign(c.signer(i)))
	return v
}

// signedByCurve signs a value with a key that nodes do not verify.
func (c *client) signedByCurve(v wire.Value) wire.Value {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(c.t, err)
	v.Owner, err = x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(c.t, err)
	digest := sha512.Sum512(v.AppendBody(nil))
	v.Signature, err = key.Sign(rand.Reader, digest[:], crypto.SHA512)
	require.NoError(c.t, err)
	return v
}

// certificate returns a certificate of the first key as DER. Go refuses to make
// one with a negative serial number, so that the sign is set afterwards, as
// nobody checks the signature.
func (c *client) certificate(negative bool) []byte {
	c.t.Helper()
	key := c.signer(0)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x7172737475767778), Subject: pkix.Name{CommonName: "device"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(c.t, err)
	if !negative {
		return der
	}
	serial := template.SerialNumber.Bytes()
	for i := range der {
		if string(der[i:i+len(serial)]) == string(serial) {
			der[i] |= 0x80
			break
		}
	}
	return der
}

// certified makes a value of a certificate in the form that peers send.
func certified(der []byte) wire.Value {
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return wire.Value{ID: 1, Type: wire.TypeCertificate, Data: msgp.AppendBytes(nil, chain)}
}
