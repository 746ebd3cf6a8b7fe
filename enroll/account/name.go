// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// ErrInvalid tells that a value given by a person cannot be used; the text
// says which and why.
var ErrInvalid = errors.New("invalid value")

const maxNameRunes = 64

// jamiID is what clients take for an account id instead of a name.
var jamiID = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

// Fold returns the form in which names are compared: normalised (NFKC), case
// folded, without surrounding spaces. Folding twice changes nothing.
func Fold(name string) string {
	// Folding can leave what normalises further, and that what folds further.
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
	return strings.TrimSpace(norm.NFKC.String(cases.Fold().String(folded)))
}

// FoldText is Fold without accents, for searching: "zoe" finds "Zoë".
func FoldText(text string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(cases.Fold().String(norm.NFKC.String(text))) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(norm.NFKC.String(b.String()))
}

// CheckText returns a text that a person gave as it is stored, normalised (NFC) and
// without surrounding spaces, or what is wrong with it: not UTF-8, more characters
// than most, control characters. What names it in the error: "the title".
func CheckText(what, text string, most int) (string, error) {
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("%s is not valid UTF-8", what)
	}
	text = norm.NFC.String(strings.TrimSpace(text))
	if n := utf8.RuneCountInString(text); n > most {
		return "", fmt.Errorf("%s has %d characters, at most %d are allowed", what, n, most)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", fmt.Errorf("%s contains a control character", what)
	}
	return text, nil
}

// checkName returns the name as stored, or why it cannot be one.
func checkName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("%w: the name is not valid UTF-8", ErrInvalid)
	}
	name = norm.NFC.String(strings.TrimSpace(name))
	// Clients are told the folded form, in which for example a wide colon has
	// become an ordinary one: what holds for the name holds for both.
	for _, form := range []string{name, Fold(name)} {
		switch n := utf8.RuneCountInString(form); {
		case n == 0:
			return "", fmt.Errorf("%w: the name is empty", ErrInvalid)
		case n > maxNameRunes:
			return "", fmt.Errorf("%w: the name has %d characters, at most %d are allowed", ErrInvalid, n, maxNameRunes)
		case jamiID.MatchString(form):
			return "", fmt.Errorf("%w: a name of 40 hexadecimal digits would be taken for a Jami id", ErrInvalid)
		}
		if i := strings.IndexFunc(form, forbidden); i >= 0 {
			r, _ := utf8.DecodeRuneInString(form[i:])
			return "", fmt.Errorf("%w: the name must not contain %+q", ErrInvalid, r)
		}
	}
	return name, nil
}

// forbidden tells whether a name must not contain r: a colon ends the name in
// HTTP Basic, others separate a domain from a name or parts of a URL, and what
// cannot be seen would make two people look the same.
func forbidden(r rune) bool {
	return strings.ContainsRune(`:/\@`, r) || !unicode.IsPrint(r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// loginNames returns the folded names that a login may stand for: the text as
// typed, then without the domain of user@domain or DOMAIN\user.
func loginNames(login string) []string {
	names := []string{Fold(login)}
	if i := strings.LastIndexByte(login, '@'); i > 0 {
		names = append(names, Fold(login[:i]))
	}
	if i := strings.IndexByte(login, '\\'); i >= 0 && i+1 < len(login) {
		names = append(names, Fold(login[i+1:]))
	}
	return names
}
