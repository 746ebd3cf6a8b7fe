// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"
)

// Entry returns an entry in LDIF; attributes are names and values in turn.
func Entry(dn string, attributes ...string) string {
	var b strings.Builder
	line(&b, "dn", dn)
	// The values of an attribute have to stand together.
	var names []string
	values := map[string][]string{}
	for i := 0; i+1 < len(attributes); i += 2 {
		name := attributes[i]
		if len(values[name]) == 0 {
			names = append(names, name)
		}
		values[name] = append(values[name], attributes[i+1])
	}
	for _, name := range names {
		for _, v := range values[name] {
			line(&b, name, v)
		}
	}
	b.WriteString("\n")
	return b.String()
}

// line writes a value as base64, which keeps any.
func line(w io.Writer, name, value string) {
	_, _ = fmt.Fprintf(w, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}

// DN returns the name of an entry below another, escaped.
func DN(attribute, value, below string) string {
	return attribute + "=" + ldap.EscapeDN(value) + "," + below
}

// Base, People and Groups are where a Slapd's entries are, and Manager, with
// ManagerPassword, who may change them.
const (
	Base            = "dc=example,dc=test"
	People          = "ou=people," + Base
	Groups          = "ou=groups," + Base
	Policies        = "ou=policies," + Base
	Manager         = "cn=manager," + Base
	ManagerPassword = "manager's secret"
	// Reader is a service account that may read, with ReaderPassword.
	Reader         = "cn=reader," + Base
	ReaderPassword = "reader's secret"
	// Password is that of everybody who was given no other.
	Password = "pass word"
)

// Tree returns the entries that the others are below.
func Tree() string {
	return Entry(Base, "objectClass", "dcObject", "objectClass", "organization", "o", "Example", "dc", "example") +
		unit(People, "people") + unit(Groups, "groups") + unit(Policies, "policies") +
		Entry(Reader, "objectClass", "organizationalRole", "objectClass", "simpleSecurityObject", "cn", "reader", "userPassword", ReaderPassword)
}

func unit(dn, name string) string { return Entry(dn, "objectClass", "organizationalUnit", "ou", name) }

// Person returns an inetOrgPerson named by uid below People, with Password
// unless the attributes bring another.
func Person(uid string, attributes ...string) string {
	all := []string{"objectClass", "inetOrgPerson", "uid", uid}
	for _, d := range [][2]string{{"cn", uid}, {"sn", uid}, {"userPassword", Password}} {
		if !has(attributes, d[0]) {
			all = append(all, d[0], d[1])
		}
	}
	return Entry(DN("uid", uid, People), append(all, attributes...)...)
}

func has(attributes []string, name string) bool {
	for i := 0; i < len(attributes); i += 2 {
		if strings.EqualFold(attributes[i], name) {
			return true
		}
	}
	return false
}

// Group returns a groupOfNames below Groups.
func Group(name string, members ...string) string {
	attributes := []string{"objectClass", "groupOfNames", "cn", name}
	for _, m := range members {
		attributes = append(attributes, "member", m)
	}
	return Entry(DN("cn", name, Groups), attributes...)
}

// Policy returns a password policy, to be the default one if it is so named,
// with pwdLockout and three wrong passwords unless the attributes say others.
func Policy(name string, attributes ...string) string {
	all := []string{"objectClass", "device", "objectClass", "pwdPolicy", "cn", name, "pwdAttribute", "userPassword"}
	for _, d := range [][2]string{{"pwdLockout", "TRUE"}, {"pwdMaxFailure", "3"}, {"pwdMustChange", "TRUE"}} {
		if !has(attributes, d[0]) {
			all = append(all, d[0], d[1])
		}
	}
	return Entry(DN("cn", name, Policies), append(all, attributes...)...)
}

// UnicodePassword returns a password as Active Directory's unicodePwd.
func UnicodePassword(password string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\"" + password + "\"")) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return string(b)
}
