// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"jamibox/enroll/account"
	"jamibox/enroll/store"
)

// Query is what a client searches for. The zero value matches everyone.
type Query struct {
	// raw is the text as it arrived.
	raw string
	// anyOf holds the readings of the text; each is a list of folded words.
	anyOf [][]string
	// live holds the words that sources are asked for; none for too few letters.
	live []string
	// none is set where nothing can match.
	none bool
}

const (
	maxQueryBytes = 512
	maxWords      = 8
	// minLiveRunes keeps a search that matches half a directory from it.
	minLiveRunes = 2
)

// ParseQuery reads the text that follows "queryString=" in a request target,
// exactly as it arrived. Desktop and iOS clients send what was typed without
// any encoding, Android encodes it like a form; since a "+" or "%" may mean
// either, every reading is searched for; so are the digits alone of a phone
// number. "*" stands for everyone.
func ParseQuery(raw string) Query {
	if len(raw) > maxQueryBytes || !utf8.ValidString(raw) {
		return Query{none: true}
	}
	if raw == "*" || raw == "%2A" || raw == "%2a" {
		return Query{raw: "*"}
	}
	readings := []string{raw}
	if text, err := url.PathUnescape(raw); err == nil {
		readings = append(readings, text)
	}
	if text, err := url.QueryUnescape(raw); err == nil {
		readings = append(readings, text)
	}
	q := Query{raw: raw}
	for _, text := range readings {
		if utf8.ValidString(text) {
			q.add(strings.FieldsFunc(account.FoldText(text), separates))
			q.add(strings.Fields(account.SearchedNumber(text)))
		}
	}
	q.none = len(q.anyOf) == 0
	q.live = liveWords(readings[len(readings)-1])
	return q
}

// add adds a reading, unless it is there or empty.
func (q *Query) add(words []string) {
	words = words[:min(len(words), maxWords)]
	if len(words) > 0 && !slices.ContainsFunc(q.anyOf, func(other []string) bool { return slices.Equal(other, words) }) {
		q.anyOf = append(q.anyOf, words)
	}
}

// liveWords returns the words for a directory, which folds letters by itself:
// without their accents it would not find them.
func liveWords(text string) []string {
	if !utf8.ValidString(text) {
		return nil
	}
	if number := account.SearchedNumber(text); number != "" {
		return []string{number}
	}
	var words []string
	for _, w := range strings.FieldsFunc(norm.NFC.String(text), separates) {
		if utf8.RuneCountInString(w) >= minLiveRunes {
			words = append(words, w)
		}
	}
	return words[:min(len(words), maxWords)]
}

// separates tells whether r ends a word. Control characters are in nobody's
// name, and a NUL would end the pattern in the database.
func separates(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

var pageSuffix = regexp.MustCompile(`&page=([0-9]{1,6})$`)

// SplitPage cuts a trailing "&page=N" off a raw query. Any other "&" belongs
// to the text, since clients do not encode it. Without a page it returns 0.
func SplitPage(raw string) (text string, page int) {
	m := pageSuffix.FindStringSubmatchIndex(raw)
	if m == nil {
		return raw, 0
	}
	for _, digit := range raw[m[2]:m[3]] {
		page = page*10 + int(digit-'0')
	}
	return raw[:m[0]], page
}

// Everyone tells whether the query matches all people.
func (q Query) Everyone() bool { return len(q.anyOf) == 0 && !q.none }

// matches tells whether a person matches by what is left of the profile.
func (q Query) matches(u store.User) bool {
	if q.Everyone() {
		return true
	}
	text := account.SearchText(u.Username, u.FirstName, u.LastName, u.DisplayName, u.Email, u.Phone, u.Mobile,
		u.Organization, u.Department, u.Title)
	return slices.ContainsFunc(q.anyOf, func(words []string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	})
}
