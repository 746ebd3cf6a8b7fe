// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// nearest returns the candidate that takes the fewest edits to become name.
func nearest(name string, candidates []string) string {
	best, fewest := "", -1
	for _, c := range candidates {
		if n := levenshtein.ComputeDistance(name, c); fewest < 0 || n < fewest {
			best, fewest = c, n
		}
	}
	return best
}

// secretName reports whether text ends in the name of a secret, or in a mistyped
// form of it.
func secretName(text string) bool {
	text = strings.ToLower(strings.TrimRight(text, ` "'`))
	name := text[strings.LastIndexAny(text, `. "',{`)+1:]
	for _, s := range settings(new(Config)) {
		known := s.key[strings.LastIndex(s.key, ".")+1:]
		if secret(s.key) && (levenshtein.ComputeDistance(name, known) <= len(known)/2 || strings.Contains(name, "pass")) {
			return true
		}
	}
	return false
}
