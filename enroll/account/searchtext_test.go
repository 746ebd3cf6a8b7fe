// SPDX-License-Identifier: GPL-3.0-or-later

package account

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPhoneDigits(t *testing.T) {
	for text, want := range map[string]string{
		"+33 1 23 45": "3312345", "(030) 12-34": "0301234", "0033.1/23": "0033123", "123": "123", " +33 (0)1 23": "33123", "[1]\u00a023\u202f4\u20115": "12345",
		"12": "", "": "", "bob 123": "", "R&D 100": "", "١٢٣": "", "1 2 3 x": "",
	} {
		require.Equal(t, want, PhoneDigits(text), "%q", text)
	}
}

func TestSearchText(t *testing.T) {
	for name, c := range map[string]struct {
		texts []string
		want  string
	}{
		"names are folded":             {[]string{"zoe", "Zoë", "Müller"}, "zoe\nzoe\nmuller"},
		"empty ones leave no line":     {[]string{"", "a", ""}, "a"},
		"digits come behind":           {[]string{"a", "+33 1 23", "b"}, "a\n+33 1 23\nb\n33123"},
		"digits that are there":        {[]string{"+33123"}, "+33123"},
		"two numbers":                  {[]string{"1 23", "(4) 56"}, "1 23\n(4) 56\n123\n456"},
		"a name with digits is a name": {[]string{"bob 1 2 3"}, "bob 1 2 3"},
	} {
		require.Equal(t, c.want, SearchText(c.texts...), name)
	}
}
