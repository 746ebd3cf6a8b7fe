// SPDX-License-Identifier: GPL-3.0-or-later

package source

import "strings"

// NormalizePhone returns a number as an international one, such as
// "+33123456": a number without country gets the prefix, which is the country
// and, after a blank, the area that local calls leave out ("+33 1"). A zero in
// front of a number stands for the country alone, two for the +. Without a
// prefix, numbers stay national. An extension after the number is left out,
// and a text without digits is returned as it is.
func NormalizePhone(number, prefix string) string {
	n := dialled(number)
	if strings.TrimPrefix(n, "+") == "" {
		return strings.TrimSpace(number)
	}
	country, _, _ := strings.Cut(strings.TrimSpace(prefix), " ")
	country = international(country)
	switch rest := strings.TrimLeft(n, "0"); {
	case strings.HasPrefix(n, "+"):
		return n
	case strings.HasPrefix(n, "00") && rest != "":
		return "+" + rest
	case country == "":
		return n
	case strings.HasPrefix(n, "0") && rest != "":
		return country + rest
	}
	return international(prefix) + n
}

// international returns a prefix with a + in front, however it is written.
func international(prefix string) string {
	if digits := strings.TrimLeft(dialled(prefix), "+0"); digits != "" {
		return "+" + digits
	}
	return ""
}

// dialled returns what is dialled of a number as people write it.
func dialled(number string) string {
	number = strings.TrimSpace(number)
	if len(number) > 4 && strings.EqualFold(number[:4], "tel:") {
		number = strings.TrimSpace(number[4:])
	}
	if strings.HasPrefix(number, "+") {
		// In "+33 (0)1 23" the zero is for callers of the same country.
		number = strings.Replace(number, "(0)", "", 1)
	}
	var b strings.Builder
	for i, r := range number {
		switch {
		case r >= '0' && r <= '9', r == '+' && i == 0:
			b.WriteRune(r)
		case b.Len() > 0 && !strings.ContainsRune(" \u00a0\u202f\t()[]-‐‑–./", r):
			return b.String()
		}
	}
	return b.String()
}
