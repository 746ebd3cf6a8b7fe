// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestFirstLine(t *testing.T) {
	for _, test := range []struct{ name, in, out string }{
		{"untouched", "GET /a HTTP/1.1\r\nA: b c\r\n\r\n", "GET /a HTTP/1.1\r\nA: b c\r\n\r\n"},
		{"spaces", "GET /s?q=bob te s HTTP/1.1\r\nA: b c\r\n\r\n", "GET /s?q=bob%20te%20s HTTP/1.1\r\nA: b c\r\n\r\n"},
		{"version in the text", "GET /s?q=x HTTP/1.0 y HTTP/1.1\r\n\r\n", "GET /s?q=x%20HTTP/1.0%20y HTTP/1.1\r\n\r\n"},
		{"only the first", "GET /a HTTP/1.1\r\n\r\nGET /s?q=a b HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\n\r\nGET /s?q=a b HTTP/1.1\r\n\r\n"},
		{"no version", "GET /a b\r\n", "GET /a b\r\n"},
		{"no line end", "GET /a b HTTP/1.1", "GET /a b HTTP/1.1"},
		{"empty", "", ""},
		{"endless", strings.Repeat("x ", maxHeader), strings.Repeat("x ", maxHeader)},
	} {
		for _, source := range []io.Reader{strings.NewReader(test.in), iotest.OneByteReader(strings.NewReader(test.in)), iotest.DataErrReader(strings.NewReader(test.in))} {
			out, err := io.ReadAll(&firstLine{source: source})
			require.NoError(t, err, test.name)
			require.Equal(t, test.out, string(out), test.name)
		}
	}
}

func FuzzFirstLine(f *testing.F) {
	f.Add([]byte("GET /s?q=bob te HTTP/1.1\r\nHost: a\r\n\r\n"), byte(3))
	f.Fuzz(func(t *testing.T, in []byte, size byte) {
		var out bytes.Buffer
		_, err := io.CopyBuffer(&out, struct{ io.Reader }{&firstLine{source: bytes.NewReader(in)}}, make([]byte, int(size)+1))
		require.NoError(t, err)
		_, rest, _ := bytes.Cut(in, []byte("\n"))
		require.True(t, bytes.HasSuffix(out.Bytes(), rest), "beyond the first line nothing changes")
	})
}

func TestCleanPath(t *testing.T) {
	for _, test := range []struct{ in, prefix, out string }{
		{"/api/login", "", "/api/login"},
		{"//api///login", "", "/api/login"},
		{"//api/s?queryString=a//b", "", "/api/s?queryString=a//b"},
		{"/jami//api/login", "/jami", "/api/login"},
		{"/jamibox/api", "/jami", "/jamibox/api"},
		{"/jami", "/jami", "/jami"},
		{"/", "/jami", "/"},
		{"*", "", "*"},
		{"http://box//api", "", "http://box//api"},
	} {
		require.Equal(t, test.out, string(cleanPath([]byte(test.in), test.prefix)), test.in)
	}
}
