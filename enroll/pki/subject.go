// SPDX-License-Identifier: GPL-3.0-or-later

package pki

import (
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxCommonName is the upper bound of RFC 5280 appendix A.1, in characters.
const maxCommonName = 64

// Subject names the organisation in its CA certificate. Empty members are left
// out of the certificate; CommonName is required.
type Subject struct {
	CommonName         string
	Organization       string
	OrganizationalUnit string
	Country            string // two letters, ISO 3166
	Province           string
	Locality           string
}

// Validate returns all that is wrong with the subject, joined, or nil. Lengths
// are the upper bounds of RFC 5280 appendix A.1.
func (s Subject) Validate() error {
	var problems []error
	if strings.TrimSpace(s.CommonName) == "" {
		problems = append(problems, errors.New("common name is missing"))
	}
	for _, m := range []struct {
		name, value string
		limit       int
	}{
		{"common name", s.CommonName, maxCommonName},
		{"organization", s.Organization, 64},
		{"organizational unit", s.OrganizationalUnit, 64},
		{"province", s.Province, 128},
		{"locality", s.Locality, 128},
	} {
		if n := utf8.RuneCountInString(m.value); n > m.limit {
			problems = append(problems, fmt.Errorf("%s has %d characters, at most %d are allowed", m.name, n, m.limit))
		}
		if !utf8.ValidString(m.value) || strings.ContainsFunc(m.value, unicode.IsControl) {
			problems = append(problems, fmt.Errorf("%s contains control characters or is not UTF-8", m.name))
		}
	}
	if s.Country != "" && !isCountry(s.Country) {
		problems = append(problems, fmt.Errorf("country %q is not a code of two letters such as FR", s.Country))
	}
	return errors.Join(problems...)
}

func isCountry(s string) bool {
	isLetter := func(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
	return len(s) == 2 && isLetter(s[0]) && isLetter(s[1])
}

func (s Subject) name(uid string) pkix.Name {
	one := func(value string) []string {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	n := jamiName(s.CommonName, uid)
	n.Organization = one(s.Organization)
	n.OrganizationalUnit = one(s.OrganizationalUnit)
	n.Country = one(strings.ToUpper(s.Country))
	n.Province = one(s.Province)
	n.Locality = one(s.Locality)
	return n
}

func jamiName(commonName, uid string) pkix.Name {
	return pkix.Name{
		CommonName: commonName,
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidUserID, Value: uid}},
	}
}

// commonName makes any user name fit for a certificate. The name there is for
// people to read only: the UID beside it identifies the account.
func commonName(username string) string {
	name := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(username, string(unicode.ReplacementChar))))
	if len(name) <= maxCommonName {
		return string(name)
	}
	const joiner = '\u200d'
	cut := maxCommonName
	for cut > 0 && (unicode.IsMark(name[cut]) || name[cut] == joiner || name[cut-1] == joiner) {
		cut-- // not between a letter and its accents
	}
	if cut == 0 {
		cut = maxCommonName
	}
	return string(name[:cut])
}
