// SPDX-License-Identifier: GPL-3.0-or-later

package proxy

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

func TestDecodeValue(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want wire.Value
		keep bool
	}{
		"plain":            {`{"id":"7","type":3,"data":"aGk=","utype":"text/plain","prio":2,"pt":"call"}`, wire.Value{ID: 7, Type: 3, Data: []byte("hi"), UserType: []byte("text/plain"), Priority: 2, PushType: []byte("call")}, false},
		"id/number":        {`{"id":18446744073709551615,"data":"aGk="}`, wire.Value{ID: 1<<64 - 1, Data: []byte("hi")}, false},
		"id/missing":       {`{"data":"aGk="}`, wire.Value{Data: []byte("hi")}, false},
		"id/empty":         {`{"id":"","data":"aGk="}`, wire.Value{Data: []byte("hi")}, false},
		"encrypted":        {`{"id":"1","cypher":"AAEC"}`, wire.Value{ID: 1, Cypher: []byte{0, 1, 2}}, false},
		"permanent/true":   {`{"id":"1","data":"","permanent":true}`, wire.Value{ID: 1, Data: []byte{}}, true},
		"permanent/client": {`{"id":"1","data":"","permanent":{"key":"secret","client_id":"c","platform":"android","session_id":"s","topic":""}}`, wire.Value{ID: 1, Data: []byte{}}, true},
		"unknown members":  {`{"id":"1","data":"aGk=","later":{"a":[1]}}`, wire.Value{ID: 1, Data: []byte("hi")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			v, keep, err := decodeValue([]byte(c.body))
			require.NoError(t, err)
			require.Equal(t, c.keep, keep)
			require.Equal(t, c.want.Append(nil), v.Append(nil))
		})
	}
}

func TestDecodeValueErrors(t *testing.T) {
	for name, body := range map[string]string{
		"error/nothing":                "",
		"error/no object":              `"x"`,
		"error/cut short":              `{"id":"1"`,
		"error/id is a word":           `{"id":"seven"}`,
		"error/id is negative":         `{"id":-1}`,
		"error/type too large":         `{"id":"1","type":65536}`,
		"error/sequence negative":      `{"id":"1","seq":-1}`,
		"error/no base64":              `{"id":"1","data":"%"}`,
		"error/owner is no PEM":        `{"id":"1","owner":"x","sig":"AA=="}`,
		"error/owner is no key":        `{"id":"1","owner":"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n","sig":"AA=="}`,
		"error/owner is a certificate": `{"id":"1","owner":"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n","sig":"AA=="}`,
		"error/signature alone":        `{"id":"1","data":"aGk=","sig":"AA=="}`,
		"error/recipient too short":    `{"id":"1","to":"0123"}`,
		"error/recipient is no hex":    `{"id":"1","to":"` + strings.Repeat("x", 40) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := decodeValue([]byte(body))
			require.ErrorIs(t, err, errValue)
		})
	}
}

// What is signed must come through byte for byte, or the signature breaks.
func TestSignedValue(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	v := wire.Value{ID: 5, Type: 3, Data: []byte{0, 255, '\n'}, UserType: []byte("text"), Seq: 9, Recipient: wire.HashOf([]byte("bob"))}
	require.NoError(t, v.Sign(key))
	line, err := encodeValue(&v, false)
	require.NoError(t, err)
	require.Contains(t, string(line), `"owner":"-----BEGIN PUBLIC KEY-----\n`)
	require.Contains(t, string(line), `"seq":9`)
	require.Contains(t, string(line), `"to":"`+v.Recipient.String()+`"`)
	got, _, err := decodeValue(line)
	require.NoError(t, err)
	require.NoError(t, got.Verify())
	require.Equal(t, v.Append(nil), got.Append(nil))

	// Clients of 2.4.12 send the end of a C string as well.
	got, _, err = decodeValue([]byte(strings.Replace(string(line), `-----END PUBLIC KEY-----\n`, `-----END PUBLIC KEY-----\n\u0000`, 1)))
	require.NoError(t, err)
	require.Equal(t, v.Append(nil), got.Append(nil))
}

func TestEncodeValue(t *testing.T) {
	for name, c := range map[string]struct {
		value   wire.Value
		expired bool
		want    string
	}{
		"plain":     {wire.Value{ID: 1<<64 - 1, Data: []byte("hi"), Type: 3, UserType: []byte("<é>")}, false, `{"data":"aGk=","id":"18446744073709551615","type":3,"utype":"<é>"}`},
		"no data":   {wire.Value{ID: 1}, false, `{"data":"","id":"1","type":0}`},
		"expired":   {wire.Value{ID: 1, Data: []byte("hi")}, true, `{"data":"aGk=","expired":true,"id":"1","type":0}`},
		"encrypted": {wire.Value{ID: 1, Cypher: []byte{1}, Priority: 1, PushType: []byte("call")}, false, `{"cypher":"AQ==","id":"1","prio":1,"pt":"call"}`},
	} {
		t.Run(name, func(t *testing.T) {
			line, err := encodeValue(&c.value, c.expired)
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(line))
			require.Equal(t, 1, strings.Count(string(line), "\n"), "one line")
		})
	}
}

func TestKeyOf(t *testing.T) {
	key := "0123456789abcdef0123456789ABCDEF01234567"
	for text, want := range map[string]string{
		key:                     strings.ToLower(key),
		key + "89":              strings.ToLower(key),
		key[:39]:                wire.HashOf([]byte(key[:39])).String(),
		"alice":                 wire.HashOf([]byte("alice")).String(),
		strings.Repeat("0", 40): wire.HashOf([]byte(strings.Repeat("0", 40))).String(),
		strings.Repeat("x", 40): wire.HashOf([]byte(strings.Repeat("x", 40))).String(),
	} {
		require.Equal(t, want, keyOf(text).String(), text)
	}
}

func FuzzDecodeValue(f *testing.F) {
	f.Add([]byte(`{"id":"7","type":3,"data":"aGk=","utype":"text/plain","prio":2,"pt":"call","permanent":true}`))
	f.Add([]byte(`{"id":1,"cypher":"AAEC","permanent":{"key":"k","client_id":"c"}}`))
	f.Add([]byte(`{"id":"5","owner":"-----BEGIN PUBLIC KEY-----\nMAkwBwYDKwYBAQMA\n-----END PUBLIC KEY-----\n","seq":9,"sig":"AA==","to":"0123456789abcdef0123456789abcdef01234567"}`))
	f.Add([]byte(`{"id":"` + base64.StdEncoding.EncodeToString(make([]byte, 30)) + `"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		v, _, err := decodeValue(body)
		if err != nil {
			return
		}
		packed := v.Append(nil)
		stored, err := wire.ParseValue(packed)
		require.NoError(t, err, "what is taken can be stored")
		line, err := encodeValue(&stored, false)
		require.NoError(t, err)
		again, _, err := decodeValue(line)
		require.NoError(t, err, "what is sent can be read: %s", line)
		require.Equal(t, packed, again.Append(nil))
	})
}
