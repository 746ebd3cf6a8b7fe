// SPDX-License-Identifier: GPL-3.0-or-later

package clientcert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// certificates returns two certificates in DER. The base64 of the first has a
// plus, the character that escapings treat differently, and its serial number
// is negative as those of old Jami clients are.
func certificates(t testing.TB) (leaf, other []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	serial := []byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x18}
	issue := func(name string) []byte {
		template := &x509.Certificate{
			SerialNumber: new(big.Int).SetBytes(serial),
			Subject:      pkix.Name{CommonName: name},
			NotAfter:     time.Now().Add(time.Hour),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		require.NoError(t, err)
		at := bytes.Index(der, serial)
		require.Positive(t, at)
		der[at] |= 0x80
		return der
	}
	for !strings.Contains(base64.StdEncoding.EncodeToString(leaf), "+") {
		leaf = issue("leaf")
	}
	return leaf, issue("other")
}

func TestFromHeader(t *testing.T) {
	leaf, issuer := certificates(t)
	asPEM := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}))
	chain := asPEM + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuer}))
	asDER := base64.StdEncoding.EncodeToString(leaf)
	// nginx, Caddy and Envoy escape everything; others leave a plus alone.
	escaped := strings.ReplaceAll(url.QueryEscape(chain), "+", "%20")
	lazily := strings.NewReplacer("\n", "%0A", " ", "%20").Replace(chain)

	good := map[string]string{
		"escaped pem":                     escaped,
		"escaped pem/plus left alone":     lazily,
		"escaped pem/form encoding":       url.QueryEscape(chain),
		"pem/line breaks became blanks":   strings.ReplaceAll(chain, "\n", " "),
		"pem/line breaks became tabs":     strings.ReplaceAll(chain, "\n", "\t"),
		"pem/folded header":               strings.ReplaceAll(chain, "\n", "\n\t"),
		"pem/carriage returns":            strings.ReplaceAll(chain, "\n", "\r\n"),
		"der":                             asDER,
		"der/blanks around":               "  " + asDER + " ",
		"der/list":                        asDER + "," + base64.StdEncoding.EncodeToString(issuer),
		"der/escaped list":                url.QueryEscape(asDER) + "," + url.QueryEscape(base64.StdEncoding.EncodeToString(issuer)),
		"rfc 9440":                        ":" + asDER + ":",
		"rfc 9440/parameters":             ":" + asDER + ":;a=1",
		"envoy":                           `Hash=abc;Cert="` + escaped + `";Subject="CN=leaf;, \"x\",O=y";URI=`,
		"envoy/chain only":                `By=spiffe://x;Chain="` + escaped + `"`,
		"envoy/last of several elements":  `Hash=abc;Cert="forged",Hash=def;Cert="` + escaped + `"`,
		"envoy/unquoted, other case":      `cert=` + escaped,
		"envoy/separator in quoted value": `Subject="a,b;c";Cert="` + escaped + `"`,
	}
	for name, value := range good {
		t.Run(name, func(t *testing.T) {
			got, err := FromHeader(value)
			require.NoError(t, err)
			require.Equal(t, leaf, got.Raw)
		})
	}
	for name, value := range map[string]string{"empty": "", "blank": " \t", "apache": "(null)", "dash": "-"} {
		t.Run("none/"+name, func(t *testing.T) {
			_, err := FromHeader(value)
			require.ErrorIs(t, err, ErrNone)
		})
	}
	bad := map[string]struct{ value, says string }{
		"too long":             {strings.Repeat("A", MaxHeader+1), "longer than"},
		"cut pem":              {strings.ReplaceAll(asPEM, "\n", " ")[:100], "no end"},
		"cut escape":           {escaped[:strings.LastIndex(escaped, "%")+2], "invalid URL escape"},
		"other pem block":      {"-----BEGIN PUBLIC KEY-----%0AAAAA%0A-----END PUBLIC KEY-----", "no certificate"},
		"bad escape":           {"-----BEGIN%2", "invalid URL escape"},
		"words":                {"SUCCESS", "neither PEM nor base64"},
		"no certificate":       {base64.StdEncoding.EncodeToString([]byte("hello")), "x509"},
		"trailing data":        {base64.StdEncoding.EncodeToString(append(bytes.Clone(leaf), 0)), "x509"},
		"rfc 9440/not closed":  {":" + asDER, "closing colon"},
		"envoy/hash only":      {"Hash=abc;Subject=\"CN=x\"", "has no Cert"},
		"envoy/last has none":  {`Cert="` + escaped + `",Hash=abc`, "has no Cert"},
		"envoy/open quotation": {`Subject="abc;Cert=` + escaped, "has no Cert"},
	}
	for name, tt := range bad {
		t.Run("error/"+name, func(t *testing.T) {
			_, err := FromHeader(tt.value)
			require.ErrorIs(t, err, ErrMalformed)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func FuzzFromHeader(f *testing.F) {
	leaf, _ := certificates(f)
	asPEM := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}))
	asDER := base64.StdEncoding.EncodeToString(leaf)
	for _, seed := range []string{
		"", "-", "(null)", asDER, ":" + asDER + ":", url.QueryEscape(asPEM), strings.ReplaceAll(asPEM, "\n", " "),
		`Hash=a;Cert="` + url.QueryEscape(asPEM) + `";Subject="x\"y"`, `Cert="\`, "%", "::", ",", "cert=,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		certificate, err := FromHeader(value)
		if (certificate == nil) == (err == nil) {
			t.Fatalf("certificate %v with error %v", certificate != nil, err)
		}
		if err == nil && len(certificate.Raw) > MaxHeader {
			t.Fatal("certificate longer than any header")
		}
	})
}
