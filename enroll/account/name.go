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
// folded, without surrounding spaces.
func Fold(name string) string {
	return cases.Fold().String(norm.NFKC.String(strings.TrimSpace(name)))
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

// checkName returns the name as stored, or why it cannot be one.
func checkName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("%w: the name is not valid UTF-8", ErrInvalid)
	}
	name = norm.NFC.String(strings.TrimSpace(name))
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", fmt.Errorf("%w: the name is empty", ErrInvalid)
	case n > maxNameRunes:
		return "", fmt.Errorf("%w: the name has %d characters, at most %d are allowed", ErrInvalid, n, maxNameRunes)
	case jamiID.MatchString(name):
		return "", fmt.Errorf("%w: a name of 40 hexadecimal digits would be taken for a Jami id", ErrInvalid)
	}
	for _, r := range name {
		// A colon ends the name in HTTP Basic; the others separate a domain
		// from a name, or parts of a URL.
		if !unicode.IsPrint(r) || strings.ContainsRune(`:/\@`, r) {
			return "", fmt.Errorf("%w: the name must not contain %q", ErrInvalid, r)
		}
	}
	return name, nil
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
