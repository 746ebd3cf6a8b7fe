// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

const (
	attrObjectGUID        = "objectGUID"
	attrObjectSid         = "objectSid"
	attrPrimaryGroupID    = "primaryGroupID"
	attrUserPrincipalName = "userPrincipalName"
	attrMemberOf          = "memberOf"
	attrMember            = "member"
	attrUniqueMember      = "uniqueMember"
	attrMemberUID         = "memberUid"
	attrGIDNumber         = "gidNumber"
)

const guidSize = 16

// ID returns the stable id of an entry, which renaming and moving leave as it
// is; "" if it shows none.
func (c Config) ID(e *ldap.Entry) string {
	for _, a := range c.WithDefaults().Mapping.ID {
		raw := e.GetEqualFoldRawAttributeValue(a)
		switch {
		case len(raw) == 0:
			continue
		case strings.EqualFold(a, attrObjectGUID) && len(raw) == guidSize:
			return guidText(raw)
		case !utf8.Valid(raw):
			return hex.EncodeToString(raw)
		}
		return strings.ToLower(strings.TrimSpace(string(raw)))
	}
	return ""
}

// guidText is the usual form of a GUID, whose first three fields are stored
// with the lowest byte first.
func guidText(b []byte) string {
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]),
		binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:])
}

func parseGUID(text string) ([]byte, bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != guidSize || len(text) != 36 {
		return nil, false
	}
	binary.LittleEndian.PutUint32(b, binary.BigEndian.Uint32(b))
	binary.LittleEndian.PutUint16(b[4:], binary.BigEndian.Uint16(b[4:]))
	binary.LittleEndian.PutUint16(b[6:], binary.BigEndian.Uint16(b[6:]))
	return b, true
}

// SID returns the text of a binary security identifier, "" if it is none.
func SID(b []byte) string {
	const header, part = 8, 4
	if len(b) < header || len(b) != header+part*int(b[1]) {
		return ""
	}
	var authority uint64
	for _, octet := range b[2:header] {
		authority = authority<<8 | uint64(octet)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "S-%d-%d", b[0], authority)
	for i := header; i < len(b); i += part {
		fmt.Fprintf(&text, "-%d", binary.LittleEndian.Uint32(b[i:]))
	}
	return text.String()
}

// EscapeBytes returns a binary value as filters hold it.
func EscapeBytes(value []byte) string {
	var b strings.Builder
	for _, octet := range value {
		b.WriteString(`\` + hex.EncodeToString([]byte{octet}))
	}
	return b.String()
}

// FoldDN returns the form in which DNs are compared, since servers write the
// same one differently; a text that is no DN only in lower case.
func FoldDN(text string) string {
	dn, err := ldap.ParseDN(text)
	if err != nil {
		return strings.ToLower(strings.TrimSpace(text))
	}
	return strings.ToLower(dn.String())
}
