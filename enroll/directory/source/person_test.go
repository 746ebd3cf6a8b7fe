// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"bytes"
	"image"
	"image/jpeg"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

func entry(dn string, attributes ...string) *ldap.Entry {
	values := map[string][]string{}
	for i := 0; i+1 < len(attributes); i += 2 {
		values[attributes[i]] = append(values[attributes[i]], attributes[i+1])
	}
	return ldap.NewEntry(dn, values)
}

func jpegFile(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil))
	return b.String()
}

func TestPerson(t *testing.T) {
	now := time.Now()
	photo := jpegFile(t)
	c := Config{Kind: KindLDAP, Organization: "Example", PhonePrefix: "+33 1"}
	p, err := c.Person(entry("uid=alice,dc=x", "ENTRYUUID", " AB-12 ", "uid", "al", "uid", "alice", "givenName", "Zoe\u0308", "sn", " ", "sn", "B\nC",
		"cn", "shown", "mail", "a@x", "mail", "b@x", "mail", "A@X", "telephoneNumber", "23 45", "mobile", "+33 6 1", "mobile", "2345",
		"jpegPhoto", "broken", "jpegPhoto", photo, "memberOf", "cn=g,dc=x", "gidNumber", "7", "title", "\xff"), now)
	require.NoError(t, err)
	require.Equal(t, Person{
		ExternalID: "ab-12", DN: "uid=alice,dc=x", Username: "alice", Logins: []string{"alice", "al"},
		FirstName: "Zo\u00eb", LastName: "B C", DisplayName: "shown", Emails: []string{"a@x", "b@x"}, Phones: []string{"+3312345", "+3361"},
		Organization: "Example", Picture: []byte(photo), State: State{Code: Active}, Groups: []string{"cn=g,dc=x"}, PrimaryGroup: "7",
	}, p)

	ad := Config{Kind: KindAD}
	p, err = ad.Person(entry("CN=bob,DC=x", "objectGUID", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
		"objectSid", "\x01\x02\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x50\x04\x00\x00", "primaryGroupID", "513",
		"sAMAccountName", "bob", "userPrincipalName", "b@corp.test", "mail", "bob@x", "proxyAddresses", "smtp:Bob@x",
		"proxyAddresses", "SMTP:robert@x", "proxyAddresses", "X400:c=US"), now)
	require.NoError(t, err)
	require.Equal(t, "03020100-0504-0706-0809-0a0b0c0d0e0f", p.ExternalID)
	require.Equal(t, "S-1-5-21-513", p.PrimaryGroup)
	require.Equal(t, []string{"bob", "b@corp.test"}, p.Logins)
	require.Equal(t, []string{"bob@x", "robert@x"}, p.Emails)
	require.Equal(t, `(|(objectGUID=\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f))`, "(|"+ad.IDFilter(p.ExternalID)+")")

	for name, e := range map[string]*ldap.Entry{
		"no id": entry("x", "uid", "x"), "no login": entry("x", "entryUUID", "1"), "blank login": entry("x", "entryUUID", "1", "uid", " "),
		"login is no text": entry("x", "entryUUID", "1", "uid", "\xff"), "nothing": entry(""),
	} {
		_, err := c.Person(e, now)
		require.ErrorIs(t, err, ErrEntry, name)
	}
}

func TestAttributes(t *testing.T) {
	c := Config{Kind: KindLDAP, Mapping: Mapping{Phone: []string{"ipPhone"}}, Membership: MembershipMember}
	got := c.Attributes()
	require.Contains(t, got, "ipPhone")
	require.NotContains(t, got, "telephoneNumber")
	require.NotContains(t, got, "memberOf")
	require.NotContains(t, got, "userPassword")
	require.Contains(t, (Config{Kind: KindAD}).Attributes(), "msDS-User-Account-Control-Computed")
}

func TestFoldDN(t *testing.T) {
	for _, other := range []string{`CN=Doe\, Jane,OU=People,DC=x`, `cn=doe\2c jane , ou=people, dc=X`, `Cn=DOE\2C Jane,ou=people,dc=x`} {
		require.Equal(t, FoldDN(`cn=Doe\, Jane,ou=people,dc=x`), FoldDN(other))
	}
	require.NotEqual(t, FoldDN("cn=a,dc=x"), FoldDN("cn=b,dc=x"))
	require.Equal(t, "alice", FoldDN(" Alice "))
}

func TestSID(t *testing.T) {
	require.Equal(t, "S-1-5-32-545", SID([]byte("\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x21\x02\x00\x00")))
	for _, broken := range []string{"", "\x01", "\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00", "\x01\xff\x00\x00\x00\x00\x00\x05"} {
		require.Empty(t, SID([]byte(broken)))
	}
}

func TestNormalizePhone(t *testing.T) {
	for _, tt := range []struct{ number, prefix, want string }{
		{"+33 1 23 45", "", "+3312345"},
		{"0033 1 23 45", "", "+3312345"},
		{"+33 (0)1 23 45", "", "+3312345"},
		{"23 45", "+33 1", "+3312345"},
		{"(01) 23-45", "+33 1", "+3312345"},
		{"01.23.45", "+33", "+3312345"},
		{"tel:+33-1-23/45", "", "+3312345"},
		{"23 45 ext. 6", "+33 1", "+3312345"},
		{"23 45;ext=6", "+33 1", "+3312345"},
		{"23\u00a045", "+33 1", "+3312345"},
		{"2345", "", "2345"},
		{"2345", "0033 1", "+3312345"},
		{"2345", "33 1", "+3312345"},
		{"2345", "0", "2345"},
		{"012345", "", "012345"},
		{"ask at the desk", "+33", "ask at the desk"},
		{"", "+33", ""},
		{"+", "+33", "+"},
		{"00", "+33", "+3300"},
	} {
		require.Equal(t, tt.want, NormalizePhone(tt.number, tt.prefix), "%q", tt.number)
	}
}

func FuzzPhone(f *testing.F) {
	f.Add("+33 (0)1 23-45", "+33 1")
	f.Add("tel:0800;ext=1", "")
	f.Add("٠١٢", "+")
	f.Fuzz(func(t *testing.T, number, prefix string) {
		n := NormalizePhone(number, prefix)
		require.Equal(t, n, NormalizePhone(n, ""), "normal stays normal")
	})
}

func FuzzPerson(f *testing.F) {
	f.Add("uid=a,dc=x", "uid", "a", "1", "\xff\xd8\xff", true)
	f.Add("CN=a", "sAMAccountName", "a\x00b", "0123456789abcdef", jpegFile(f), false)
	f.Add("", "accountExpires", "-1", "", "\x89PNG\r\n\x1a\n", false)
	f.Add("", "shadowMax", "9223372036854775807", "", "GIF89a", true)
	f.Add("", "pwdAccountLockedTime", "99991231235959Z", "", "", true)
	f.Add("", "logonHours", "+1", "S-1", "", false)
	f.Fuzz(func(t *testing.T, dn, attribute, value, id, picture string, isLDAP bool) {
		c := Config{Kind: KindAD}
		if isLDAP {
			c.Kind = KindLDAP
		}
		e := entry(dn, attribute, value, "entryUUID", id, "objectGUID", id, "objectSid", id, "jpegPhoto", picture, "uid", value, "sAMAccountName", value,
			"mail", value, "telephoneNumber", value, "cn", value, "userAccountControl", value, "pwdLastSet", value, "accountExpires", value, "shadowExpire", value)
		p, err := c.Person(e, time.Unix(1_800_000_000, 0))
		if err != nil {
			require.ErrorIs(t, err, ErrEntry)
			return
		}
		for _, text := range append([]string{p.ExternalID, p.Username, p.DisplayName}, p.Emails...) {
			require.True(t, utf8.ValidString(text))
		}
		require.NotEmpty(t, p.ExternalID)
		require.False(t, strings.ContainsFunc(p.Username, unicode.IsControl))
		require.NotEmpty(t, p.State.Code)
		require.Equal(t, p.State.Code == Active, p.State.Reason == "")
		_, err = ldap.CompileFilter(c.IDFilter(p.ExternalID))
		require.NoError(t, err)
	})
}
