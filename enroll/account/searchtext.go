// SPDX-License-Identifier: GPL-3.0-or-later

package account

import "strings"

// SearchText returns the folded text in which a person is searched for. Of a
// phone number it also holds the digits alone, since people write blanks and
// brackets where they like.
func SearchText(texts ...string) string {
	var lines, numbers []string
	for _, text := range texts {
		if text == "" {
			continue
		}
		lines = append(lines, text)
		if d := PhoneDigits(text); d != "" && !strings.Contains(text, d) {
			numbers = append(numbers, d)
		}
	}
	return FoldText(strings.Join(append(lines, numbers...), "\n"))
}

const minPhoneDigits = 3

// PhoneDigits returns the digits of a text that looks like a phone number, else
// nothing. In "+33 (0)1 23" the zero is for callers of the same country.
func PhoneDigits(text string) string {
	if text = strings.TrimSpace(text); strings.HasPrefix(text, "+") {
		text = strings.Replace(text, "(0)", "", 1)
	}
	var digits strings.Builder
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case !strings.ContainsRune("+ \t\u00a0\u202f()[]-\u2010\u2011\u2013./", r):
			return ""
		}
	}
	if digits.Len() < minPhoneDigits {
		return ""
	}
	return digits.String()
}

// SearchedNumber returns what to look for in a SearchText where a person typed a
// phone number: its digits without the zeros for the country or for abroad.
// It is empty for any other text.
func SearchedNumber(text string) string {
	digits := PhoneDigits(text)
	if number := strings.TrimLeft(digits, "0"); number != "" {
		return number
	}
	return digits
}
