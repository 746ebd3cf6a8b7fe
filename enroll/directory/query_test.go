// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestParseQuery(t *testing.T) {
	for raw, want := range map[string][][]string{
		"bob":                         {{"bob"}},
		"BOB":                         {{"bob"}},
		"bob te":                      {{"bob", "te"}},                                             // desktop
		"bob+te":                      {{"bob+te"}, {"bob", "te"}},                                 // Android, or a desktop's plus sign
		"bob%20te":                    {{"bob%20te"}, {"bob", "te"}},                               // other clients
		"Zoë":                         {{"zoe"}},                                                   // raw UTF-8
		"Zo%C3%AB":                    {{"zo%c3%ab"}, {"zoe"}},                                     // Android
		"+33+1+23":                    {{"+33+1+23"}, {"33123"}, {"33", "1", "23"}},                // a phone number, typed or encoded
		"%2B33+1":                     {{"%2b33+1"}, {"+33+1"}, {"331"}, {"+33", "1"}},             // the same from Android
		"a%2Bb":                       {{"a%2bb"}, {"a+b"}},                                        //
		"100%":                        {{"100%"}},                                                  // no valid encoding
		"R&D":                         {{"r&d"}},                                                   // not a second parameter
		"R%26D":                       {{"r%26d"}, {"r&d"}},                                        //
		"a&b=c":                       {{"a&b=c"}},                                                 //
		"  bob  ":                     {{"bob"}},                                                   //
		"bob\tte\u00a0x":              {{"bob", "te", "x"}},                                        //
		"a%00b":                       {{"a%00b"}, {"a", "b"}},                                     // NUL separates
		"a\x00b":                      {{"a", "b"}},                                                //
		"%00":                         {{"%00"}},                                                   //
		"a%FFb":                       {{"a%ffb"}},                                                 // not UTF-8 when decoded
		"**":                          {{"**"}},                                                    //
		"*+":                          {{"*+"}, {"*"}},                                             //
		"1 2 3 4 5 6 7 8 9 10":        {{"1", "2", "3", "4", "5", "6", "7", "8"}, {"12345678910"}}, //
		"0033 (0)1.23-4":              {{"0033", "(0)1.23-4"}, {"3301234"}},                        // any way of writing a number
		"+33 (0)1 23":                 {{"+33", "(0)1", "23"}, {"33123"}, {"33", "(0)1", "23"}, {"330123"}},
		"(030) 4711":                  {{"(030)", "4711"}, {"304711"}},
		"000":                         {{"000"}},
		"' OR 1=1 --":                 {{"'", "or", "1=1", "--"}},             //
		"ｂｏｂ":                         {{"bob"}},                              // wide letters
		strings.Repeat("x", 512):      {{strings.Repeat("x", 512)}},           //
		"\u0130stanbul Straße ŁÓDŹ é": {{"istanbul", "strasse", "łodz", "e"}}, // folded like the stored text
	} {
		q := ParseQuery(raw)
		require.Equal(t, want, q.anyOf, "%q", raw)
		require.False(t, q.none)
		require.False(t, q.Everyone())
	}
	for _, raw := range []string{"*", "%2A", "%2a"} {
		require.True(t, ParseQuery(raw).Everyone(), raw)
	}
	for _, raw := range []string{"", " ", "\x00", "\xff", "\u0301", strings.Repeat("x", 513)} {
		q := ParseQuery(raw)
		require.True(t, q.none, "%q", raw)
		require.False(t, q.Everyone())
	}
}

// TestLiveWords: directories fold letters by themselves, and are not asked for
// what half of them matches.
func TestLiveWords(t *testing.T) {
	for raw, want := range map[string][]string{
		"Zoë": {"Zoë"}, "Zoe%CC%88": {"Zoë"}, "bob+te": {"bob", "te"}, "bob t": {"bob"}, "b": nil, "b c": nil, "*": nil, "": nil,
		"\xff": nil, "%FF": nil, "+33 1 23": {"33123"}, "0049 30/4711": {"49304711"}, "é": nil, "王芳": {"王芳"}, "*)(uid=*": {"*)(uid=*"},
	} {
		require.Equal(t, want, ParseQuery(raw).live, "%q", raw)
	}
}

func TestSplitPage(t *testing.T) {
	for raw, want := range map[string]struct {
		text string
		page int
	}{
		"bob": {"bob", 0}, "*&page=3": {"*", 3}, "bob&page=0": {"bob", 0}, "a&b&page=12": {"a&b", 12}, "R&D": {"R&D", 0},
		"bob&page=": {"bob&page=", 0}, "bob&page=x": {"bob&page=x", 0}, "bob&page=-1": {"bob&page=-1", 0}, "&page=2": {"", 2},
		"bob&page=999999": {"bob", 999_999}, "bob&page=1000000": {"bob&page=1000000", 0}, "a&page=1&page=2": {"a&page=1", 2},
		"bob&page=2&x": {"bob&page=2&x", 0}, "page=2": {"page=2", 0}, "bob&page=٣": {"bob&page=٣", 0},
	} {
		text, page := SplitPage(raw)
		require.Equal(t, want.text, text, raw)
		require.Equal(t, want.page, page, raw)
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"bob te", "bob+te", "Zo%C3%AB", "*", "*&page=3", "a%00b", "R&D&page=x", "%", "\xff", "' OR 1=1", "\u0345", "+33+(0)1%2023", "000", "🦆+%F0%9F%A6%86"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		text, page := SplitPage(raw)
		require.True(t, strings.HasPrefix(raw, text))
		require.GreaterOrEqual(t, page, 0)
		q := ParseQuery(text)
		require.LessOrEqual(t, len(q.anyOf), 6)
		for _, w := range q.live {
			require.NotEmpty(t, w)
			require.True(t, utf8.ValidString(w))
			require.False(t, strings.ContainsFunc(w, unicode.IsControl))
		}
		if len(q.anyOf) == 0 && !q.none {
			require.Contains(t, []string{"*", "%2A", "%2a"}, text)
		}
		for _, words := range q.anyOf {
			require.NotEmpty(t, words)
			require.LessOrEqual(t, len(words), maxWords)
			for _, w := range words {
				require.NotEmpty(t, w)
				require.False(t, strings.ContainsFunc(w, unicode.IsControl))
			}
		}
	})
}
