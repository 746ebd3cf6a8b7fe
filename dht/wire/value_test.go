// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
)

func TestParseRecordedValues(t *testing.T) {
	for _, r := range recorded(t, "values.txt") {
		v, err := ParseValue(append(r.bytes, 0xc1)) // what follows is ignored
		require.NoError(t, err)
		require.Equal(t, r.bytes, v.Packed)
		require.Equal(t, string(r.bytes), string(v.Append(nil)))
		require.NotZero(t, v.ID)
		require.Equal(t, strings.Contains(r.name, "signed"), v.Signed())
		require.Equal(t, strings.Contains(r.name, "encrypted"), v.Encrypted())
		require.Equal(t, strings.HasPrefix(r.name, "type 8"), v.Type == TypeCertificate)
	}
}

func TestVerify(t *testing.T) {
	signed := valuesOf(t, "type 0 signed")[0]
	require.NoError(t, signed.Verify())
	require.Equal(t, "394b1faea1e48807d706ffd974411ad7ecdb5f3a", signed.Owner.ID().String())
	require.Equal(t, "text/plain", string(signed.UserType))
	require.Equal(t, len(signed.Data)+len(signed.UserType)+512, signed.Size())

	for name, change := range map[string]func(v *Value){
		"error/no signature":      func(v *Value) { v.Signature = nil },
		"error/no owner":          func(v *Value) { v.Owner = nil },
		"error/data":              func(v *Value) { v.Data = []byte("other") },
		"error/user type":         func(v *Value) { v.UserType = nil },
		"error/sequence number":   func(v *Value) { v.Seq++ },
		"error/type":              func(v *Value) { v.Type = TypeTrustRequest },
		"error/recipient":         func(v *Value) { v.Recipient = ID{1} },
		"error/signature cut":     func(v *Value) { v.Signature = v.Signature[1:] },
		"error/signature changed": func(v *Value) { v.Signature = append([]byte{0}, v.Signature[1:]...) },
	} {
		t.Run(name, func(t *testing.T) {
			changed := signed
			change(&changed)
			require.ErrorIs(t, changed.Verify(), ErrSignature)
		})
	}
}

// TestVerifyRepacks checks the signature of a value that came in another order
// and with relics of old releases.
func TestVerifyRepacks(t *testing.T) {
	v := valuesOf(t, "type 0 signed")[0]
	b := msgp.AppendMapHeader(nil, 3)
	b = msgp.AppendString(b, "dat")
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendString(b, "sig")
	b = msgp.AppendStringFromBytes(b, v.Signature)
	b = msgp.AppendString(b, "body")
	b = msgp.AppendMapHeader(b, 7)
	b = msgp.AppendString(b, "utype")
	b = msgp.AppendBytes(b, v.UserType)
	b = msgp.AppendString(b, "new")
	b = msgp.AppendNil(b)
	b = msgp.AppendString(b, "owner")
	b = msgp.AppendStringFromBytes(b, v.Owner)
	b = msgp.AppendString(b, "data")
	b = msgp.AppendArrayHeader(b, uint32(len(v.Data)))
	for _, c := range v.Data {
		b = msgp.AppendUint8(b, c)
	}
	b = append(b, "\xa3seq\xcf\x00\x00\x00\x00\x00\x00\x00"...)
	b = append(b, byte(v.Seq))
	b = appendUint(b, "type", uint64(v.Type))
	b = appendUint(b, "data", 5) // the first one counts
	b = appendUint(b, "id", v.ID)
	b = appendUint(b, "later", 1)

	got, err := ParseValue(b)
	require.NoError(t, err)
	require.NoError(t, got.Verify())
	require.True(t, got.SameContent(&v))
	require.Equal(t, b, got.Packed)
}

func TestSign(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	v := Value{ID: 5, Priority: 1, PushType: []byte("now"), Type: TypeICE, Data: []byte("d"), Seq: 300, Recipient: ID{7}}
	require.NoError(t, v.Sign(key))
	packed := v.Append(nil)
	got, err := ParseValue(packed)
	require.NoError(t, err)
	require.NoError(t, got.Verify())
	v.Packed = packed
	require.Equal(t, v, got)

	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	require.ErrorIs(t, v.Sign(ec), ErrKeyKind)
	v.Owner, err = x509.MarshalPKIXPublicKey(ec.Public())
	require.NoError(t, err)
	got, err = ParseValue(v.Append(nil))
	require.NoError(t, err, "the owner may have any key")
	require.ErrorIs(t, got.Verify(), ErrKeyKind)

	huge := make([]byte, 2048)
	huge[0], huge[2047] = 0x80, 1
	public := key.PublicKey
	public.N = public.N.SetBytes(huge)
	v.Owner, err = x509.MarshalPKIXPublicKey(&public)
	require.NoError(t, err)
	require.ErrorIs(t, v.Verify(), ErrKeyKind)
}

func TestParseValueRefuses(t *testing.T) {
	owner := string(msgp.AppendBytes(nil, valuesOf(t, "type 0 signed")[0].Owner))
	id := "\x82\xa2id\x05\xa3dat"
	for name, c := range map[string]struct {
		packed string
		want   error
		text   string
	}{
		"error/empty":              {"", ErrMalformed, ""},
		"error/cut off":            {id + "\xc4\x05abc", ErrMalformed, ""},
		"error/too deep":           {id + strings.Repeat("\x91", 20) + "\xc0", ErrTooDeep, ""},
		"error/no map":             {"\x05", ErrValue, "is not a map"},
		"error/no id":              {"\x81\xa3dat\xc4\x01x", ErrValue, "lacks id or dat"},
		"error/no content":         {"\x81\xa2id\x05", ErrValue, "lacks id or dat"},
		"error/negative id":        {"\x82\xa2id\xff\xa3dat\xc4\x01x", ErrValue, "field id"},
		"error/content is text":    {id + "\xa1x", ErrValue, "is not a map"},
		"error/no body":            {id + "\x81\xa3sig\xc4\x01x", ErrValue, "lacks a body"},
		"error/no data":            {id + "\x81\xa4body\x81\xa4type\x00", ErrValue, "lacks data or type"},
		"error/no type":            {id + "\x81\xa4body\x81\xa4data\xc4\x01x", ErrValue, "lacks data or type"},
		"error/type of 17 bits":    {id + "\x81\xa4body\x82\xa4type\xce\x00\x01\x00\x00\xa4data\xc4\x01x", ErrValue, "field type"},
		"error/user type number":   {id + "\x81\xa4body\x83\xa4type\x00\xa4data\xc4\x01x\xa5utype\x01", ErrValue, "field utype"},
		"error/priority negative":  {"\x83\xa1p\xff\xa2id\x05\xa3dat\xc4\x01x", ErrValue, "field p"},
		"error/push type number":   {"\x83\xa2pt\x01\xa2id\x05\xa3dat\xc4\x01x", ErrValue, "field pt"},
		"error/owner without seq":  {id + "\x82\xa3sig\xc4\x01x\xa4body\x83\xa4type\x00\xa4data\xc4\x01x\xa5owner" + owner, ErrValue, "no sequence number"},
		"error/owner without sig":  {id + "\x81\xa4body\x84\xa4type\x00\xa4data\xc4\x01x\xa3seq\x00\xa5owner" + owner, ErrValue, "no signature"},
		"error/seq of 17 bits":     {id + "\x82\xa3sig\xc4\x01x\xa4body\x84\xa4type\x00\xa4data\xc4\x01x\xa3seq\xce\x00\x01\x00\x00\xa5owner" + owner, ErrValue, "field seq"},
		"error/owner is no key":    {id + "\x82\xa3sig\xc4\x01x\xa4body\x84\xa4type\x00\xa4data\xc4\x01x\xa3seq\x00\xa5owner\xc4\x03abc", ErrValue, ErrKey.Error()},
		"error/recipient too long": {id + "\x82\xa3sig\xc4\x01x\xa4body\x85\xa4type\x00\xa4data\xc4\x01x\xa3seq\x00\xa2to\xc4\x15abcdefghijklmnopqrstu\xa5owner" + owner, ErrValue, "field to"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := ParseValue([]byte(c.packed))
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.text)
			require.Equal(t, Value{}, v)
		})
	}
}

func TestValueWithoutOwnerIgnoresItsFields(t *testing.T) {
	v, err := ParseValue([]byte("\x82\xa2id\x05\xa3dat\x82\xa3sig\xc4\x01x\xa4body\x84\xa4type\x00\xa4data\xc4\x01y\xa3seq\x09\xa2to\xc4\x01z"))
	require.NoError(t, err)
	require.False(t, v.Signed())
	require.Zero(t, v.Seq)
	require.True(t, v.Recipient.IsZero())
	require.Equal(t, 1, v.Size())
	require.ErrorIs(t, v.Verify(), ErrSignature)
}

func TestSameContent(t *testing.T) {
	plain := Value{ID: 1, Type: 3, Data: []byte("d"), UserType: []byte("u")}
	encrypted := Value{ID: 1, Cypher: []byte("c")}
	for name, c := range map[string]struct {
		a, b Value
		want bool
	}{
		"plain":             {plain, Value{ID: 2, Priority: 1, Type: 3, Data: []byte("d"), UserType: []byte("u")}, true},
		"other data":        {plain, Value{Type: 3, Data: []byte("e"), UserType: []byte("u")}, false},
		"other type":        {plain, Value{Type: 4, Data: []byte("d"), UserType: []byte("u")}, false},
		"other user type":   {plain, Value{Type: 3, Data: []byte("d")}, false},
		"encrypted":         {encrypted, Value{Cypher: []byte("c")}, true},
		"other cypher":      {encrypted, Value{Cypher: []byte("d")}, false},
		"plain, encrypted":  {Value{}, encrypted, false},
		"encrypted, plain":  {encrypted, Value{}, false},
		"signed, by nobody": {valuesOf(t, "type 0 signed")[0], plain, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, c.a.SameContent(&c.b))
		})
	}
}

func TestRow(t *testing.T) {
	v := valuesOf(t, "type 0 signed")[0]
	row := v.Row(FieldID)
	require.Equal(t, v.ID, row.ID)
	require.True(t, row.Owner.IsZero())
	row = v.Row(FieldOwner)
	require.Equal(t, v.Owner.ID(), row.Owner)
	require.True(t, bytes.Equal(v.UserType, row.UserType))
	plain := Value{Type: 2}
	require.Equal(t, Row{Type: 2}, plain.Row(allFields))
}
