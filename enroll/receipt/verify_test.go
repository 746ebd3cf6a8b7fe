// SPDX-License-Identifier: GPL-3.0-or-later

package receipt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
)

// signed wraps an announcement into a receipt with a good signature.
func (v vector) signed(t testing.TB, announce []byte) (text, signature string) {
	t.Helper()
	return v.signedText(t, content{Announce: base64.StdEncoding.EncodeToString(announce), Device: v.DeviceID, Account: v.AccountID})
}

func (v vector) signedText(t testing.TB, c any) (text, signature string) {
	t.Helper()
	raw, ok := c.(string)
	if !ok {
		b, err := json.Marshal(c)
		require.NoError(t, err)
		raw = string(b)
	}
	sig, err := sign(v.account, []byte(raw))
	require.NoError(t, err)
	return raw, base64.StdEncoding.EncodeToString(sig)
}

// announce signs a body that may be wrong.
func (v vector) announce(t testing.TB, change func(*body)) []byte {
	t.Helper()
	b, err := newBody(v.accountPub, v.device)
	require.NoError(t, err)
	change(&b)
	sig, err := sign(v.account, b.append(nil))
	require.NoError(t, err)
	return announcement{body: b, signature: sig}.append(nil)
}

func TestVerifyVector(t *testing.T) {
	v := readVector(t)
	require.NoError(t, Verify(v.Text, v.Signature, v.accountPub, v.device))
}

// A client does not care how a value was written, as it writes it again itself.
func TestVerifyOtherForms(t *testing.T) {
	v := readVector(t)
	a, err := decodeAnnouncement(v.Announce)
	require.NoError(t, err)

	var b []byte // members turned round, integers and bytes in longer forms
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendMapHeader(msgp.AppendString(b, "dat"), 2)
	b = msgp.AppendBytes(msgp.AppendString(b, "sig"), a.signature)
	b = msgp.AppendMapHeader(msgp.AppendString(b, "body"), 4)
	b = append(msgp.AppendString(b, "data"), 0xc6, 0, 0, byte(len(a.body.data)>>8), byte(len(a.body.data)))
	b = append(b, a.body.data...)
	b = append(msgp.AppendString(b, "type"), 0xcc, 0)
	b = msgp.AppendBytes(msgp.AppendString(b, "owner"), a.body.owner)
	b = append(msgp.AppendString(b, "seq"), 0xcd, 0, 0)
	b = append(msgp.AppendString(b, "id"), 0xcf, 1, 2, 3, 4, 5, 6, 7, 8)
	text, signature := v.signed(t, b)
	require.NoError(t, Verify(text, signature, v.accountPub, v.device))

	var members map[string]string
	require.NoError(t, json.Unmarshal([]byte(v.Text), &members))
	text, signature = v.signedText(t, "{ \"id\": \""+members["id"]+"\",\n\"eth\":\"0x0\",\"dev\":\""+members["dev"]+"\",\"announce\":\""+members["announce"]+"\"}")
	require.NoError(t, Verify(text, signature, v.accountPub, v.device))
}

func TestVerifyRefusesText(t *testing.T) {
	v := readVector(t)
	good := func() map[string]any {
		var c map[string]any
		require.NoError(t, json.Unmarshal([]byte(v.Text), &c))
		return c
	}
	with := func(name string, value any) map[string]any {
		c := good()
		c[name] = value
		return c
	}
	upper := good()
	upper["ID"] = upper["id"]
	delete(upper, "id")
	cases := map[string]struct {
		content any
		want    string
	}{
		"error/empty":               {"", "reading JSON"},
		"error/array":               {"[]", "reading JSON"},
		"error/null":                {"null", "is missing"},
		"error/trailing data":       {v.Text + "{}", "reading JSON"},
		"error/number":              {with("eth", 1), "reading JSON"},
		"error/null member":         {with("eth", nil), "\"eth\" is missing"},
		"error/upper case":          {upper, "\"id\" is missing"},
		"error/fifth member":        {with("more", "x"), "5 members"},
		"error/deep":                {strings.Repeat("[", 15000), "reading JSON"},
		"error/too long":            {strings.Repeat(" ", maxText) + v.Text, "too long"},
		"error/other account":       {with("id", v.DeviceID), "made for account"},
		"error/other device":        {with("dev", v.AccountID), "made for device"},
		"error/announce no base64":  {with("announce", "***"), "announcement: illegal base64"},
		"error/announce empty":      {with("announce", ""), "announcement: "},
		"error/announce unpadded":   {with("announce", strings.TrimRight(base64.StdEncoding.EncodeToString(v.Announce), "=")), "illegal base64"},
		"error/announce plain text": {with("announce", base64.StdEncoding.EncodeToString([]byte("hello"))), "announcement: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			text, signature := v.signedText(t, c.content)
			err := Verify(text, signature, v.accountPub, v.device)
			require.ErrorContains(t, err, "verifying device receipt: ")
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestVerifyRefusesAnnouncement(t *testing.T) {
	v := readVector(t)
	device, err := newDeviceData(v.device)
	require.NoError(t, err)
	data := func(d deviceData) func(*body) { return func(b *body) { b.data = d.append(nil) } }
	replaced := func(old, new string) []byte {
		require.Equal(t, 1, bytes.Count(v.Announce, []byte(old)))
		return bytes.Replace(v.Announce, []byte(old), []byte(new), 1)
	}
	noKey := msgp.AppendNil(msgp.AppendString(msgp.AppendBytes(msgp.AppendString(msgp.AppendMapHeader(nil, 2), "dev"), device.id), "pk"))
	cases := map[string]struct {
		announce []byte
		want     string
	}{
		"error/trailing data":     {append(bytes.Clone(v.Announce), 0), "1 bytes behind the end"},
		"error/third member":      {append([]byte{0x83}, v.Announce[1:]...), "map of 3 members"},
		"error/unknown member":    {replaced("\xa3sig", "\xa3sag"), "\"sag\" is unknown"},
		"error/member twice":      {replaced("\xa3seq\x00", "\xa4type\x00"), "there twice"},
		"error/deep":              {bytes.Repeat([]byte{0x81, 0xa2, 'i', 'd'}, 2000), "map of 1 members"},
		"error/huge map":          {[]byte{0xdf, 0xff, 0xff, 0xff, 0xff}, "map of 4294967295 members"},
		"error/huge bytes":        {[]byte("\x82\xa3dat\x82\xa3sig\xc6\xff\xff\xff\xff"), "reading sig"},
		"error/negative id":       {replaced("\x82\xa2id\x00", "\x82\xa2id\xff"), "reading id"},
		"error/other value type":  {v.announce(t, func(b *body) { b.valueType = 8 }), "value type 8"},
		"error/other owner":       {v.announce(t, func(b *body) { b.owner = v.DeviceSPKI }), "owner is not the account key"},
		"error/other device":      {v.announce(t, data(deviceData{id: make([]byte, 20), key: device.key})), "made for device 0000"},
		"error/other device key":  {v.announce(t, data(deviceData{id: device.id, key: v.AccountSPKI})), "pk is not the device key"},
		"error/no device key":     {v.announce(t, func(b *body) { b.data = noKey }), "reading pk"},
		"error/no device data":    {v.announce(t, func(b *body) { b.data = nil }), "reading data"},
		"error/signature changed": {append(bytes.Clone(v.Announce[:927]), v.Announce[927]^1), "signature is not the account key's"},
		"error/seq changed":       {replaced("\xa3seq\x00", "\xa3seq\x01"), "signature is not the account key's"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			text, signature := v.signed(t, c.announce)
			err := Verify(text, signature, v.accountPub, v.device)
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("error/cut off", func(t *testing.T) {
		for n := range v.Announce {
			require.Error(t, verifyAnnouncement(v.Announce[:n], v.accountPub, v.device), "length %d", n)
		}
	})
}

func TestVerifyRefusesSignature(t *testing.T) {
	v := readVector(t)
	raw, err := base64.StdEncoding.DecodeString(v.Signature)
	require.NoError(t, err)
	raw[0] ^= 1
	for name, signature := range map[string]string{
		"error/changed":       base64.StdEncoding.EncodeToString(raw),
		"error/empty":         "",
		"error/not base64":    "***",
		"error/trailing line": v.Signature + "\n*",
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, Verify(v.Text, signature, v.accountPub, v.device), "receipt signature")
		})
	}
	t.Run("error/keys swapped", func(t *testing.T) {
		require.ErrorContains(t, Verify(v.Text, v.Signature, v.device, v.accountPub), "made for account")
	})
	t.Run("error/other text", func(t *testing.T) {
		require.ErrorContains(t, Verify(v.Text+" ", v.Signature, v.accountPub, v.device), "receipt signature")
	})
}

func FuzzVerify(f *testing.F) {
	v := readVector(f)
	f.Add(v.Text, v.Signature, v.Announce)
	f.Add("{}", "", []byte{0x82})
	f.Add(strings.Replace(v.Text, "\"eth\":\"\"", "\"eth\":\"0x\"", 1), v.Signature, v.Announce[:500])
	f.Fuzz(func(t *testing.T, text, signature string, announce []byte) {
		if Verify(text, signature, v.accountPub, v.device) == nil {
			require.Equal(t, v.Text, text, "a receipt was forged")
		}
		// Behind the receipt's base64, which the fuzzer does not find by itself.
		if verifyAnnouncement(announce, v.accountPub, v.device) == nil {
			a, err := decodeAnnouncement(announce)
			require.NoError(t, err)
			a.id = 0
			require.Equal(t, v.Announce, a.append(nil), "an announcement was forged")
		}
		if d, err := decodeDeviceData(announce); err == nil {
			again, err := decodeDeviceData(d.append(nil))
			require.NoError(t, err)
			require.Equal(t, d, again)
		}
	})
}
