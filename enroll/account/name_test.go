// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestFold(t *testing.T) {
	for name, forms := range map[string][]string{
		"case":        {"alice", "ALICE", "Alice", "aLiCe"},
		"spaces":      {"alice", " alice\t", "\u3000alice\u00a0", "alice\r\n"},
		"composition": {"zoë", "Zoe\u0308", "ZOË", "zo\u00eb"},
		"width":       {"alice", "ａｌｉｃｅ"},
		"ligature":    {"office", "oﬃce"},
		"sharp s":     {"strasse", "straße", "STRASSE", "ſtrasse"},
		"final sigma": {"οδυσσευσ", "ΟΔΥΣΣΕΥΣ", "οδυσσευς"},
		"kelvin":      {"k", "K"},
		"inner space": {"a b", "A B", "a\u00a0b"},
	} {
		for _, form := range forms {
			require.Equal(t, forms[0], Fold(form), "%s: %q", name, form)
		}
	}
	for _, different := range [][2]string{{"zoe", "zoë"}, {"alice", "alíce"}, {"alice", "аlice"}, {"ab", "a b"}, {"ı", "i"}} {
		require.NotEqual(t, Fold(different[0]), Fold(different[1]))
	}
}

func TestFoldTwice(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !unicode.IsGraphic(r) || unicode.In(r, unicode.Han, unicode.Hangul) {
			continue
		}
		for _, text := range []string{string(r), "a" + string(r), string(r) + "\u0345\u0301"} {
			if once := Fold(text); once != Fold(once) {
				t.Fatalf("%q folds to %q, and that to %q", text, once, Fold(once))
			}
		}
	}
}

func TestFoldText(t *testing.T) {
	for text, want := range map[string]string{
		"Zoë Müller": "zoe muller", "ŁÓDŹ": "łodz", "François": "francois", "straße": "strasse", "  a  b ": "a  b",
		"ＡＢＣ": "abc", "한국어": "한국어", "Việt": "viet", "": "", "Ｅ́": "e",
	} {
		require.Equal(t, want, FoldText(text))
	}
}

func TestCheckName(t *testing.T) {
	for name, c := range map[string]struct{ in, want, problem string }{
		"plain":                   {"alice", "alice", ""},
		"case kept":               {" Alice ", "Alice", ""},
		"dots and signs":          {"jean-luc.o'neill+x_1", "jean-luc.o'neill+x_1", ""},
		"inner space":             {"Anna Berg", "Anna Berg", ""},
		"unicode":                 {"Zoe\u0308", "Zoë", ""},
		"right to left":           {"أحمد", "أحمد", ""},
		"metacharacters":          {"a%_*()'\";--", "a%_*()'\";--", ""},
		"64 characters":           {strings.Repeat("é", 64), strings.Repeat("é", 64), ""},
		"39 hex digits":           {strings.Repeat("a", 39), strings.Repeat("a", 39), ""},
		"error/empty":             {"", "", "is empty"},
		"error/spaces":            {" \u3000\t", "", "is empty"},
		"error/65 characters":     {strings.Repeat("a", 65), "", "has 65 characters"},
		"error/long when folded":  {strings.Repeat("ﷺ", 10), "", "has 180 characters"},
		"error/40 hex digits":     {strings.Repeat("aF", 20), "", "Jami id"},
		"error/40 wide digits":    {strings.Repeat("０", 40), "", "Jami id"},
		"error/colon":             {"a:b", "", `':'`},
		"error/wide colon":        {"a：b", "", `':'`},
		"error/slash":             {"a/b", "", `'/'`},
		"error/account of":        {"a℀b", "", `'/'`},
		"error/backslash":         {`DOMAIN\a`, "", `'\\'`},
		"error/at":                {"a@b", "", `'@'`},
		"error/small at":          {"a﹫b", "", `'@'`},
		"error/NUL":               {"a\x00b", "", `'\x00'`},
		"error/newline":           {"a\nb", "", `'\n'`},
		"error/zero width space":  {"a\u200bb", "", `'\u200b'`},
		"error/right-to-left":     {"a\u202eb", "", `'\u202e'`},
		"error/grapheme joiner":   {"a\u034fb", "", `'\u034f'`},
		"error/hangul filler":     {"a\u3164", "", `'`},
		"error/variation":         {"a\ufe0f", "", `'\ufe0f'`},
		"error/no-break space":    {"a\u00a0b", "", `'\u00a0'`},
		"error/private use":       {"a\ue000", "", `'\ue000'`},
		"error/invalid UTF-8":     {"a\xffb", "", "not valid UTF-8"},
		"error/surrogate encoded": {"a\xed\xa0\x80", "", "not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := checkName(c.in)
			if c.problem != "" {
				require.ErrorIs(t, err, ErrInvalid)
				require.ErrorContains(t, err, c.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestLoginNames(t *testing.T) {
	for login, want := range map[string][]string{
		"alice":               {"alice"},
		" Alice ":             {"alice"},
		"Alice@example.org":   {"alice@example.org", "alice"},
		"alice@a@b":           {"alice@a@b", "alice@a"},
		`EXAMPLE\Alice`:       {`example\alice`, "alice"},
		`EXAMPLE\ Alice`:      {`example\ alice`, "alice"},
		"@alice":              {"@alice"},
		`EXAMPLE\`:            {`example\`},
		`\alice`:              {`\alice`, "alice"},
		"alice@":              {"alice@", "alice"},
		`EXAMPLE\alice@host`:  {`example\alice@host`, `example\alice`, "alice@host"},
		"":                    {""},
		"zoe\u0308@example.x": {"zoë@example.x", "zoë"},
	} {
		require.Equal(t, want, loginNames(login), login)
	}
}

func FuzzCheckName(f *testing.F) {
	for _, seed := range []string{"alice", "a：b", "ﬃ", "\u0345a", "Ω\u0345\u0301", "\xff", "ǅ", "İ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded := Fold(text)
		if utf8.ValidString(text) && folded != Fold(folded) {
			t.Fatalf("%q folds to %q, and that to %q", text, folded, Fold(folded))
		}
		name, err := checkName(text)
		if err != nil {
			return
		}
		again, err := checkName(name)
		require.NoError(t, err)
		require.Equal(t, name, again)
		require.Equal(t, folded, Fold(name))
		_, err = checkName(folded)
		require.NoError(t, err)
		require.Contains(t, loginNames(name), folded)
		FoldText(text)
	})
}
