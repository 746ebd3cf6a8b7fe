// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestSubjectValidate(t *testing.T) {
	long := strings.Repeat("é", 65)
	cases := map[string]struct {
		subject Subject
		want    []string
	}{
		"common name only":            {Subject{CommonName: "Example"}, nil},
		"upper bounds":                {Subject{CommonName: long[2:], Organization: long[2:], OrganizationalUnit: long[2:], Country: "CA", Province: strings.Repeat("é", 128), Locality: strings.Repeat("é", 128)}, nil},
		"error/missing common name":   {Subject{Organization: "Example"}, []string{"common name is missing"}},
		"error/blank common name":     {Subject{CommonName: " \t"}, []string{"common name is missing"}},
		"error/all too long":          {Subject{CommonName: long, Organization: long, OrganizationalUnit: long, Province: long + long, Locality: long + long}, []string{"common name has 65", "organization has 65", "organizational unit has 65", "province has 130", "locality has 130 characters, at most 128"}},
		"error/country name":          {Subject{CommonName: "x", Country: "France"}, []string{"two letters"}},
		"error/country of digits":     {Subject{CommonName: "x", Country: "F1"}, []string{"two letters"}},
		"error/country not ASCII":     {Subject{CommonName: "x", Country: "é"}, []string{"two letters"}},
		"error/control characters":    {Subject{CommonName: "a\x00b"}, []string{"common name contains control characters"}},
		"error/organization not UTF8": {Subject{CommonName: "x", Organization: "\xff"}, []string{"organization contains"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := c.subject.Validate()
			if c.want == nil {
				require.NoError(t, err)
			}
			for _, w := range c.want {
				require.ErrorContains(t, err, w)
			}
		})
	}
}

func TestCommonName(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	cases := map[string]struct{ username, want string }{
		"plain":                    {"alice", "alice"},
		"script":                   {"Ἀλίκη 爱丽丝 🦊", "Ἀλίκη 爱丽丝 🦊"},
		"64 characters":            {strings.Repeat("🦊", 64), strings.Repeat("🦊", 64)},
		"65 characters":            {strings.Repeat("🦊", 65), strings.Repeat("🦊", 64)},
		"NUL and newline":          {"bob\x00\n", "bob\ufffd\ufffd"},
		"not UTF-8":                {"bob\xff\xfe", "bob\ufffd"},
		"accent at the cut":        {x(63) + "e\u0301z", x(63)},
		"joined emoji at the cut":  {x(62) + "\U0001f468\u200d\U0001f469", x(62)},
		"nothing but accents":      {strings.Repeat("\u0301", 70), strings.Repeat("\u0301", 64)},
		"direction overrides stay": {"a\u202eb", "a\u202eb"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := commonName(c.username)
			require.Equal(t, c.want, got)
			require.LessOrEqual(t, utf8.RuneCountInString(got), maxCommonName)
		})
	}
}
