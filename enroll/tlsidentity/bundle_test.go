// SPDX-License-Identifier: GPL-3.0-or-later

package tlsidentity

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFormats reads what openssl writes, in each form an admin may have.
func TestFormats(t *testing.T) {
	f := newFamily(t)
	f.leaf = issue(t, "box.example", &f.middle, rsaKey(t, 2048), asServer)
	ec := issue(t, "box.example", &f.middle, nil, asServer)
	dir := t.TempDir()
	write(t, dir, "rsa.pem", keyPEM(t, f.leaf))
	write(t, dir, "ec.pem", keyPEM(t, ec))
	write(t, dir, "leaf.pem", pemOf(f.leaf))
	write(t, dir, "rest.pem", pemOf(f.middle, f.root))
	for _, args := range [][]string{
		{"rsa", "-in", "rsa.pem", "-traditional", "-out", "pkcs1.pem"},
		{"rsa", "-in", "rsa.pem", "-traditional", "-aes256", "-passout", "pass:geheim", "-out", "pkcs1-enc.pem"},
		{"rsa", "-in", "rsa.pem", "-traditional", "-des3", "-passout", "pass:geheim", "-out", "pkcs1-des.pem"},
		{"pkcs8", "-topk8", "-in", "rsa.pem", "-passout", "pass:geheim", "-out", "pkcs8-enc.pem"},
		{"pkcs8", "-topk8", "-in", "rsa.pem", "-scrypt", "-passout", "pass:geheim", "-out", "pkcs8-scrypt.pem"},
		{"pkcs8", "-topk8", "-in", "rsa.pem", "-v2", "des3", "-passout", "pass:geheim", "-outform", "DER", "-out", "pkcs8-enc.der"},
		{"pkcs8", "-topk8", "-in", "rsa.pem", "-v1", "PBE-SHA1-3DES", "-passout", "pass:geheim", "-out", "pkcs8-v1.pem"},
		{"pkcs8", "-topk8", "-in", "rsa.pem", "-nocrypt", "-outform", "DER", "-out", "pkcs8.der"},
		{"rsa", "-in", "rsa.pem", "-traditional", "-outform", "DER", "-out", "pkcs1.der"},
		{"ec", "-in", "ec.pem", "-param_enc", "named_curve", "-out", "sec1.pem"},
		{"ec", "-in", "ec.pem", "-aes128", "-passout", "pass:geheim", "-out", "sec1-enc.pem"},
		{"ec", "-in", "ec.pem", "-outform", "DER", "-out", "sec1.der"},
		{"x509", "-in", "leaf.pem", "-outform", "DER", "-out", "leaf.der"},
		{"crl2pkcs7", "-nocrl", "-certfile", "leaf.pem", "-out", "leaf.p7b"},
		{"pkcs12", "-export", "-in", "leaf.pem", "-inkey", "rsa.pem", "-certfile", "rest.pem", "-passout", "pass:geheim", "-out", "box.p12"},
		{"pkcs12", "-export", "-in", "leaf.pem", "-inkey", "rsa.pem", "-certfile", "rest.pem", "-passout", "pass:geheim",
			"-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1", "-out", "old.p12"},
		{"pkcs12", "-export", "-in", "leaf.pem", "-inkey", "rsa.pem", "-certfile", "rest.pem", "-passout", "pass:", "-out", "open.p12"},
	} {
		openssl(t, dir, args...)
	}
	rsaChain, ecChain := pemOf(f.leaf, f.middle, f.root), pemOf(ec, f.middle, f.root)
	derChain := append(read(t, dir, "leaf.der"), f.middle.certificate.Raw...)
	derChain = append(derChain, f.root.certificate.Raw...)

	tests := map[string]struct {
		certificate []byte
		key         string
		passphrase  string
		want        error
	}{
		"pem/pkcs8":                      {rsaChain, "rsa.pem", "", nil},
		"pem/pkcs1":                      {rsaChain, "pkcs1.pem", "", nil},
		"pem/sec1":                       {ecChain, "sec1.pem", "", nil},
		"pem/windows editor":             {append([]byte("\xef\xbb\xbf"), bytes.ReplaceAll(rsaChain, []byte("\n"), []byte("\r\n"))...), "rsa.pem", "", nil},
		"pem/key in the same file":       {append(keyPEM(t, f.leaf), rsaChain...), "", "", nil},
		"pem/passphrase not needed":      {rsaChain, "rsa.pem", "geheim", nil},
		"der/pkcs8":                      {rsaChain, "pkcs8.der", "", nil},
		"der/pkcs1":                      {rsaChain, "pkcs1.der", "", nil},
		"der/sec1":                       {ecChain, "sec1.der", "", nil},
		"der/chain":                      {derChain, "pkcs8.der", "", nil},
		"encrypted/pkcs8":                {rsaChain, "pkcs8-enc.pem", "geheim", nil},
		"encrypted/pkcs8 scrypt":         {rsaChain, "pkcs8-scrypt.pem", "geheim", nil},
		"encrypted/pkcs8 der":            {rsaChain, "pkcs8-enc.der", "geheim", nil},
		"encrypted/legacy pkcs1":         {rsaChain, "pkcs1-enc.pem", "geheim", nil},
		"encrypted/legacy des":           {rsaChain, "pkcs1-des.pem", "geheim", nil},
		"encrypted/legacy sec1":          {ecChain, "sec1-enc.pem", "geheim", nil},
		"pkcs12":                         {read(t, dir, "box.p12"), "", "geheim", nil},
		"pkcs12/old encryption":          {read(t, dir, "old.p12"), "", "geheim", nil},
		"pkcs12/empty passphrase":        {read(t, dir, "open.p12"), "", "", nil},
		"error/no passphrase, pkcs8":     {rsaChain, "pkcs8-enc.pem", "", ErrPassphraseMissing},
		"error/no passphrase, pkcs8 der": {rsaChain, "pkcs8-enc.der", "", ErrPassphraseMissing},
		"error/no passphrase, legacy":    {rsaChain, "pkcs1-enc.pem", "", ErrPassphraseMissing},
		"error/no passphrase, pkcs12":    {read(t, dir, "box.p12"), "", "", ErrPassphraseMissing},
		"error/passphrase, pkcs8":        {rsaChain, "pkcs8-enc.pem", "falsch", ErrPassphraseWrong},
		"error/passphrase, pkcs8 der":    {rsaChain, "pkcs8-enc.der", "falsch", ErrPassphraseWrong},
		"error/passphrase, legacy":       {rsaChain, "pkcs1-enc.pem", "falsch", ErrPassphraseWrong},
		"error/passphrase, sec1":         {ecChain, "sec1-enc.pem", "falsch", ErrPassphraseWrong},
		"error/passphrase, pkcs12":       {read(t, dir, "box.p12"), "", "falsch", ErrPassphraseWrong},
		"error/unknown encryption":       {rsaChain, "pkcs8-v1.pem", "geheim", ErrUnreadable},
		"error/pkcs12 and a key":         {read(t, dir, "box.p12"), "rsa.pem", "geheim", ErrUnreadable},
		"error/pkcs7":                    {read(t, dir, "leaf.p7b"), "rsa.pem", "", ErrUnreadable},
		"error/no key":                   {rsaChain, "", "", ErrKeyMissing},
		"error/no key, der":              {derChain, "", "", ErrKeyMissing},
		"error/certificate as key":       {rsaChain, "leaf.pem", "", ErrKeyMissing},
		"error/key as certificate":       {keyPEM(t, f.leaf), "rsa.pem", "", ErrUnreadable},
		"error/der key as certificate":   {read(t, dir, "pkcs1.der"), "rsa.pem", "", ErrUnreadable},
		"error/garbage":                  {[]byte("hello"), "rsa.pem", "", ErrUnreadable},
		"error/nothing":                  {nil, "rsa.pem", "", ErrUnreadable},
		"error/damaged certificate":      {bytes.Replace(rsaChain, []byte("MI"), []byte("MJ"), 1), "rsa.pem", "", ErrUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var key []byte
			if tt.key != "" {
				key = read(t, dir, tt.key)
			}
			got, err := ParseBundle(tt.certificate, key, tt.passphrase, nil)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
				require.NotContains(t, err.Error(), "geheim")
				return
			}
			require.NoError(t, err)
			require.Len(t, got.Certificate, 2)
			require.Equal(t, got.Leaf.Raw, got.Certificate[0])
			require.Equal(t, f.middle.certificate.Raw, got.Certificate[1])
		})
	}
}

func TestDamagedEncryptedKey(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "key.pem", keyPEM(t, newFamily(t).leaf))
	openssl(t, dir, "pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:geheim", "-outform", "DER", "-out", "key.der")
	whole := read(t, dir, "key.der")
	_, err := decodeKey(whole, "geheim")
	require.NoError(t, err)

	var info struct {
		Algorithm asn1.RawValue
		Data      []byte
	}
	_, err = asn1.Unmarshal(whole, &info)
	require.NoError(t, err)
	info.Data = info.Data[:len(info.Data)-1]
	cut, err := asn1.Marshal(info)
	require.NoError(t, err)
	_, err = decodeKey(cut, "geheim")
	require.ErrorIs(t, err, ErrUnreadable)
	require.ErrorContains(t, err, "damaged")
}

func TestChainOrder(t *testing.T) {
	f := newFamily(t)
	key := keyPEM(t, f.leaf)
	// The root once more, signed by an older one that some clients know.
	old := issue(t, "Old Root", nil, nil, asCA)
	crossed := issue(t, "Root", &old, f.root.key, asCA)
	stranger := issue(t, "Stranger", nil, nil, asCA)
	self := issue(t, "box.example", nil, nil, asServer)

	tests := map[string]struct {
		certificate, key, roots []byte
		want                    []pair
	}{
		"in order":              {pemOf(f.leaf, f.middle), key, pemOf(f.root), []pair{f.leaf, f.middle}},
		"reversed":              {pemOf(f.root, f.middle, f.leaf), key, nil, []pair{f.leaf, f.middle}},
		"duplicates":            {pemOf(f.leaf, f.leaf, f.middle, f.leaf, f.middle), key, pemOf(f.root), []pair{f.leaf, f.middle}},
		"stranger in the file":  {pemOf(stranger, f.leaf, f.middle), key, pemOf(f.root), []pair{f.leaf, f.middle}},
		"private root in file":  {pemOf(f.leaf, f.middle, f.root), key, nil, []pair{f.leaf, f.middle}},
		"root in both":          {pemOf(f.leaf, f.middle, f.root), key, pemOf(f.root), []pair{f.leaf, f.middle}},
		"cross-signed":          {pemOf(f.leaf, f.middle, f.root, crossed), key, pemOf(f.root), []pair{f.leaf, f.middle, crossed}},
		"self-signed":           {pemOf(self), keyPEM(t, self), nil, []pair{self}},
		"middle trusted itself": {pemOf(f.leaf), key, pemOf(f.middle), []pair{f.leaf}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseBundle(tt.certificate, tt.key, "", tt.roots)
			require.NoError(t, err)
			require.Len(t, got.Certificate, len(tt.want))
			for i, p := range tt.want {
				require.Equal(t, p.certificate.Raw, got.Certificate[i])
			}
		})
	}
}

func TestRefused(t *testing.T) {
	f := newFamily(t)
	leaf := func(key pair, change func(*x509.Certificate)) (certificate, keyData []byte) {
		p := issue(t, "box.example", &f.middle, key.key, func(c *x509.Certificate) { asServer(c); change(c) })
		return pemOf(p, f.middle, f.root), keyPEM(t, p)
	}
	shortMiddle := issue(t, "Short", &f.root, nil, func(c *x509.Certificate) { asCA(c); c.NotAfter = time.Now().Add(-time.Minute) })
	belowShort := issue(t, "box.example", &shortMiddle, nil, asServer)
	forged := issue(t, "Middle", &f.root, nil, func(c *x509.Certificate) { asCA(c); c.SubjectKeyId = f.middle.certificate.SubjectKeyId })

	type input struct{ certificate, key, roots []byte }
	with := func(certificate, key []byte) input { return input{certificate, key, nil} }
	tests := map[string]struct {
		in   input
		want error
		says []string
	}{
		"other key": {input{pemOf(f.middle, f.leaf), keyPEM(t, f.root), nil}, ErrKeyMismatch, []string{`"CN=box.example"`}},
		"expired": {with(leaf(pair{}, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })),
			ErrExpired, []string{"CN=box.example", "UTC"}},
		"not yet valid": {with(leaf(pair{}, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })),
			ErrNotYetValid, []string{"clock"}},
		"no names": {with(leaf(pair{}, func(c *x509.Certificate) { c.DNSNames = nil })), ErrNoNames, []string{"CN=box.example", "subjectAltName"}},
		"ca":       {with(leaf(pair{}, asCA)), ErrIsCA, []string{"CN=box.example"}},
		"client certificate": {with(leaf(pair{}, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })),
			ErrNotServerAuth, nil},
		"signs crls only": {with(leaf(pair{}, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })), ErrNotServerAuth, nil},
		"short rsa":       {with(leaf(pair{key: rsaKey(t, 1024)}, func(*x509.Certificate) {})), ErrWeakKey, []string{"1024", "2048"}},
		"no intermediate": {input{pemOf(f.leaf), keyPEM(t, f.leaf), pemOf(f.root)}, ErrIncompleteChain,
			[]string{`ends at "CN=box.example"`, `issued by "CN=Middle"`, "tls.ca_file"}},
		"no root": {input{pemOf(f.leaf, f.middle), keyPEM(t, f.leaf), nil}, ErrIncompleteChain,
			[]string{`ends at "CN=Middle"`, `issued by "CN=Root"`}},
		"intermediate expired":     {input{pemOf(belowShort, shortMiddle, f.root), keyPEM(t, belowShort), nil}, ErrExpired, []string{"CN=Short"}},
		"intermediate is not it":   {input{pemOf(f.leaf, forged, f.root), keyPEM(t, f.leaf), nil}, ErrInvalidChain, []string{"CN=box.example"}},
		"ca file without a root":   {input{pemOf(f.leaf, f.middle), keyPEM(t, f.leaf), []byte("none")}, ErrUnreadable, []string{"tls.ca_file"}},
		"leaf issued by no ca":     {with(belowLeaf(t, f)), ErrInvalidChain, nil},
		"key is there, leaf isn't": {input{pemOf(f.middle, f.root), keyPEM(t, f.leaf), nil}, ErrKeyMismatch, []string{"CN=Middle"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ParseBundle(tt.in.certificate, tt.in.key, "", tt.in.roots)
			require.ErrorIs(t, err, tt.want)
			for _, text := range tt.says {
				require.ErrorContains(t, err, text)
			}
		})
	}
}

// belowLeaf is a certificate signed by a server certificate.
func belowLeaf(t *testing.T, f family) (certificate, key []byte) {
	t.Helper()
	p := issue(t, "sub.example", &f.leaf, nil, asServer)
	return pemOf(p, f.leaf, f.middle, f.root), keyPEM(t, p)
}

func FuzzParseBundle(f *testing.F) {
	family := newFamily(f)
	f.Add(pemOf(family.leaf, family.middle, family.root), keyPEM(f, family.leaf))
	f.Add(pemOf(family.root, family.leaf), []byte(nil))
	f.Add(family.leaf.certificate.Raw, []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, certificate, key []byte) {
		got, err := ParseBundle(certificate, key, "", nil)
		if (got == nil) == (err == nil) {
			t.Fatalf("bundle %v with error %v", got != nil, err)
		}
	})
}
