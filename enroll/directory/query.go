// SPDX-License-Identifier: GPL-3.0-or-later

package directory

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"jamibox/enroll/account"
)

// Query is what a client searches for. The zero value matches everyone.
type Query struct {
	// anyOf holds the readings of the text; each is a list of words.
	anyOf [][]string
	// none is set where nothing can match.
	none bool
}

const (
	maxQueryBytes = 512
	maxWords      = 8
)

// ParseQuery reads the text that follows "queryString=" in a request target,
// exactly as it arrived. Desktop and iOS clients send what was typed without
// any encoding, Android encodes it like a form; since a "+" or "%" may mean
// either, every reading is searched for. "*" stands for everyone.
func ParseQuery(raw string) Query {
	if len(raw) > maxQueryBytes || !utf8.ValidString(raw) {
		return Query{none: true}
	}
	if raw == "*" || raw == "%2A" || raw == "%2a" {
		return Query{}
	}
	readings := []string{raw}
	if text, err := url.PathUnescape(raw); err == nil {
		readings = append(readings, text)
	}
	if text, err := url.QueryUnescape(raw); err == nil {
		readings = append(readings, text)
	}
	var q Query
	for _, text := range readings {
		if !utf8.ValidString(text) {
			continue
		}
		words := strings.FieldsFunc(account.FoldText(text), separates)
		if len(words) == 0 {
			continue
		}
		words = words[:min(len(words), maxWords)]
		if !slices.ContainsFunc(q.anyOf, func(other []string) bool { return slices.Equal(other, words) }) {
			q.anyOf = append(q.anyOf, words)
		}
	}
	q.none = len(q.anyOf) == 0
	return q
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
