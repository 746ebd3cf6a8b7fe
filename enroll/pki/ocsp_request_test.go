// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

// querySpec describes an OCSP request that libraries would not make.
type querySpec struct {
	certs      int
	hashOID    asn1.ObjectIdentifier
	params     []byte
	version    int64
	signature  bool
	extensions []extension
	trailing   []byte
}

type extension struct {
	oid      asn1.ObjectIdentifier
	critical bool
	value    []byte
}

func (q querySpec) der() []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if q.version != 0 {
				b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddASN1Int64(q.version) })
			}
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for n := range q.certs {
					q.addCert(b, int64(n))
				}
			})
			if q.extensions != nil {
				b.AddASN1(tag2, q.addExtensions)
			}
		})
		if q.signature {
			b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddASN1OctetString([]byte("any")) })
		}
	})
	return append(b.BytesOrPanic(), q.trailing...)
}

func (q querySpec) addCert(b *cryptobyte.Builder, serial int64) {
	oid := oidSHA1
	if q.hashOID != nil {
		oid = q.hashOID
	}
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oid)
				b.AddBytes(q.params)
			})
			b.AddASN1OctetString(make([]byte, 20))
			b.AddASN1OctetString(make([]byte, 20))
			b.AddASN1Int64(serial - 1)
		})
	})
}

func (q querySpec) addExtensions(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range q.extensions {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(e.oid)
				if e.critical {
					b.AddASN1Boolean(true)
				}
				b.AddASN1OctetString(e.value)
			})
		}
	})
}

func nonceOf(n int) extension { return extension{oid: oidOCSPNonce, value: make([]byte, n)} }

func TestParseOCSPRequest(t *testing.T) {
	null := []byte{5, 0}
	other := extension{oid: asn1.ObjectIdentifier{1, 2, 3}, value: []byte("x")}
	cases := map[string]struct {
		query querySpec
		nonce int
	}{
		"one certificate":        {querySpec{certs: 1}, 0},
		"hash with NULL":         {querySpec{certs: 1, params: null}, 0},
		"32 certificates":        {querySpec{certs: 32}, 0},
		"nonce":                  {querySpec{certs: 1, extensions: []extension{nonceOf(34)}}, 34},
		"critical nonce":         {querySpec{certs: 1, extensions: []extension{{oid: oidOCSPNonce, critical: true, value: make([]byte, 18)}}}, 18},
		"longest nonce":          {querySpec{certs: 1, extensions: []extension{nonceOf(131)}}, 131},
		"nonce behind another":   {querySpec{certs: 1, extensions: []extension{other, nonceOf(10)}}, 10},
		"empty extensions":       {querySpec{certs: 1, extensions: []extension{}}, 0},
		"signature of requester": {querySpec{certs: 1, signature: true}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			req, err := ParseOCSPRequest(c.query.der())
			require.NoError(t, err)
			require.Len(t, req.certs, c.query.certs)
			require.Len(t, req.nonce, c.nonce)
			require.Equal(t, big.NewInt(-1), req.certs[0].serial, "negative serial numbers exist")
		})
	}
}

func TestParseOCSPRequestRefuses(t *testing.T) {
	critical := extension{oid: asn1.ObjectIdentifier{1, 2, 3}, critical: true, value: []byte("x")}
	cases := map[string]struct {
		der  []byte
		want string
	}{
		"error/empty":              {nil, "not an OCSPRequest"},
		"error/text":               {[]byte("hello"), "not an OCSPRequest"},
		"error/trailing data":      {querySpec{certs: 1, trailing: []byte{0}}.der(), "not an OCSPRequest"},
		"error/version 2":          {querySpec{certs: 1, version: 1}.der(), "unknown version"},
		"error/no certificate":     {querySpec{}.der(), "no certificate"},
		"error/33 certificates":    {querySpec{certs: 33}.der(), "more than 32"},
		"error/too long":           {make([]byte, maxOCSPRequest+1), "too long"},
		"error/empty nonce":        {querySpec{certs: 1, extensions: []extension{nonceOf(0)}}.der(), "nonce of 0 bytes"},
		"error/long nonce":         {querySpec{certs: 1, extensions: []extension{nonceOf(132)}}.der(), "nonce of 132 bytes"},
		"error/two nonces":         {querySpec{certs: 1, extensions: []extension{nonceOf(8), nonceOf(8)}}.der(), "two nonces"},
		"error/critical extension": {querySpec{certs: 1, extensions: []extension{critical}}.der(), "critical extension 1.2.3"},
		"error/sha384":             {querySpec{certs: 1, hashOID: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}}.der(), "not supported"},
		"error/hash parameters":    {querySpec{certs: 1, params: []byte{4, 0}}.der(), "has parameters"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ParseOCSPRequest(c.der)
			require.ErrorIs(t, err, ErrBadOCSPRequest)
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("error/cut off", func(t *testing.T) {
		der := querySpec{certs: 2, extensions: []extension{nonceOf(34)}}.der()
		for n := range der {
			_, err := ParseOCSPRequest(der[:n])
			require.ErrorIs(t, err, ErrBadOCSPRequest)
		}
	})
}

func FuzzParseOCSPRequest(f *testing.F) {
	h := newHierarchy(f, ECDSAP256, "alice")
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		der, err := ocsp.CreateRequest(h.account.Certificate, h.organization.Certificate, &ocsp.RequestOptions{Hash: hash})
		require.NoError(f, err)
		f.Add(der)
	}
	f.Add(querySpec{certs: 3, params: []byte{5, 0}, extensions: []extension{nonceOf(34)}}.der())
	f.Add(querySpec{certs: 1, version: 1, signature: true}.der())
	f.Fuzz(func(t *testing.T, der []byte) {
		req, err := ParseOCSPRequest(der)
		if err != nil {
			require.ErrorIs(t, err, ErrBadOCSPRequest)
			return
		}
		require.NotEmpty(t, req.certs)
		require.LessOrEqual(t, len(req.certs), maxOCSPCerts)
		for _, id := range req.certs {
			require.True(t, bytes.Contains(der, id.raw))
		}
		require.True(t, bytes.Contains(der, req.nonce))
	})
}
