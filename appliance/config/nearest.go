// SPDX-License-Identifier: GPL-3.0-or-later

package config

import "strings"

// nearest returns the candidate that takes the fewest edits to become name.
func nearest(name string, candidates []string) string {
	best, fewest := "", -1
	for _, c := range candidates {
		if n := edits(name, c); fewest < 0 || n < fewest {
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
		if secret(s.key) && (edits(name, known) <= len(known)/2 || strings.Contains(name, "pass")) {
			return true
		}
	}
	return false
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
