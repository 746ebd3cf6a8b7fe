// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

func login(t testing.TB, typed string) Login {
	t.Helper()
	l, err := ParseLogin(typed)
	require.NoError(t, err)
	return l
}

func TestParseLogin(t *testing.T) {
	for typed, want := range map[string]Login{
		"alice":                  {"alice", "alice", ""},
		"  Alice\t":              {"Alice", "Alice", ""},
		"alice@example.org":      {"alice@example.org", "alice", "example.org"},
		`EXAMPLE\alice`:          {`EXAMPLE\alice`, "alice", "EXAMPLE"},
		`EXAMPLE\alice@corp.org`: {`EXAMPLE\alice@corp.org`, "alice@corp.org", "EXAMPLE"},
		"a@b@c":                  {"a@b@c", "a@b", "c"},
		"@example.org":           {"@example.org", "@example.org", ""},
		"alice@":                 {"alice@", "alice@", ""},
		`\alice`:                 {`\alice`, `\alice`, ""},
		"Zoe\u0308":              {"Zo\u00eb", "Zo\u00eb", ""},
		"two words":              {"two words", "two words", ""},
	} {
		require.Equal(t, want, login(t, typed), typed)
	}
	for name, typed := range map[string]string{
		"empty": "", "blank": " \t ", "control": "a\x00b", "newline": "a\nb", "UTF-8": "a\xff", "long": strings.Repeat("x", 257),
	} {
		_, err := ParseLogin(typed)
		require.ErrorIs(t, err, ErrLogin, name)
	}
}

// TestTokens holds the values that saslauthd gives.
func TestTokens(t *testing.T) {
	for _, tt := range []struct{ token, withDomain, withRealm string }{
		{"%u", "alice@mail.example.org", "alice"},
		{"%U", "alice", "alice"},
		{"%d", "mail.example.org", ""},
		{"%1", "org", "org"}, {"%2", "example", "realm"}, {"%3", "mail", "my"}, {"%4", "", ""}, {"%9", "", ""},
		{"%r", "", "my.realm.org"}, {"%R", "", "@my.realm.org"},
		{"%s", service, service}, {"%%", "%", "%"}, {"%x", "", ""}, {"%", "", ""},
	} {
		plain := func(s string) string { return s }
		got := Config{}.expand(tt.token, login(t, "alice@mail.example.org"), "alice@mail.example.org", plain)
		require.Equal(t, tt.withDomain, got, tt.token)
		got = Config{Realm: "my.realm.org"}.expand(tt.token, login(t, "alice"), "alice", plain)
		require.Equal(t, tt.withRealm, got, tt.token)
	}
}

func TestLoginFilter(t *testing.T) {
	plain := Config{Kind: KindLDAP, UsersFilter: "(x=*)"}
	with := func(edit func(*Config)) Config {
		c := plain
		edit(&c)
		return c
	}
	for _, tt := range []struct {
		name  string
		cfg   Config
		login string
		want  string
	}{
		{"without brackets", with(func(c *Config) { c.Filter = "uid=%u" }), "alice", "(&(x=*)(uid=alice))"},
		{"preset", plain, "alice", "(&(x=*)(uid=alice))"},
		{"escaped", plain, "a*(b)", `(&(x=*)(uid=a\2a\28b\29))`},
		{"any domain", plain, "alice@b.c", "(&(x=*)(|(uid=alice@b.c)(uid=alice)))"},
		{"own domain", with(func(c *Config) { c.Domain = "B.c" }), "alice@b.C", "(&(x=*)(|(uid=alice@b.C)(uid=alice)))"},
		{"other domain", with(func(c *Config) { c.Domain = "b.c" }), "alice@x.y", "(&(x=*)(uid=alice@x.y))"},
		{"own NetBIOS", with(func(c *Config) { c.NetBIOS = "B" }), `b\alice`, `(&(x=*)(|(uid=b\5calice)(uid=alice)))`},
		{"other NetBIOS", with(func(c *Config) { c.NetBIOS = "B" }), `x\alice`, `(&(x=*)(uid=x\5calice))`},
		{"domain of the bases", Config{Kind: KindAD, UsersFilter: "(x=*)", Filter: "(a=%u)", Bases: []string{"OU=x,DC=b,dc=c"}}, "alice@x.y", "(&(x=*)(a=alice@x.y))"},
		{"template takes the domain", with(func(c *Config) { c.Filter = "(&(uid=%U)(dc=%2))" }), "alice@b.c", "(&(x=*)(&(uid=alice)(dc=b)))"},
		{"percent sign", with(func(c *Config) { c.Filter = "(uid=%u%%)" }), "alice", "(&(x=*)(uid=alice%))"},
		{"anybody of the filter", Config{Kind: KindLDAP, Filter: "(mail=%u@*)"}, "alice", "(&(mail=*@*)(mail=alice@*))"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.cfg.LoginFilter(login(t, tt.login))
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
	t.Run("error/nothing left of a part", func(t *testing.T) {
		_, err := with(func(c *Config) { c.Filter = "(mail=%1*)" }).LoginFilter(login(t, "alice"))
		require.ErrorIs(t, err, ErrLogin)
	})
}

func TestLoginDN(t *testing.T) {
	dn := Config{Kind: KindLDAP, BindTemplate: "uid=%u,ou=people,dc=b,dc=c"}
	for _, tt := range []struct{ name, template, login, want string }{
		{"plain", dn.BindTemplate, "alice", "uid=alice,ou=people,dc=b,dc=c"},
		{"escaped", dn.BindTemplate, "a,b+c=d #\"<>;", `uid=a\,b\+c=d #\"\<\>\;,ou=people,dc=b,dc=c`},
		{"domain typed", dn.BindTemplate, "alice@b.c", "uid=alice@b.c,ou=people,dc=b,dc=c"},
		{"domain in the template", "uid=%U,dc=%2,dc=%1", "alice@b.c", "uid=alice,dc=b,dc=c"},
		{"no DN", "%u@b.c", "alice", "alice@b.c"},
		{"NetBIOS", `B\%u`, "alice", `B\alice`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Config{Kind: KindLDAP, BindTemplate: tt.template}.LoginDN(login(t, tt.login))
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
	got, err := Config{Kind: KindLDAP, Domain: "b.c", BindTemplate: dn.BindTemplate}.LoginDN(login(t, "alice@b.c"))
	require.NoError(t, err)
	require.Equal(t, "uid=alice,ou=people,dc=b,dc=c", got)
	_, err = Config{Kind: KindLDAP, BindTemplate: "uid=%u,dc=%1"}.LoginDN(login(t, "alice"))
	require.ErrorIs(t, err, ErrLogin)
}

func FuzzTemplate(f *testing.F) {
	f.Add("(uid=%u)", "uid=%u,dc=x", "alice")
	f.Add("(&(mail=%U@%d)(x=%1*))", "cn=%U,dc=%2,dc=%1", "a@b.c")
	f.Add("uid=%u", "%u@x", "*)(uid=*")
	f.Add("(|(uid=%u)(!(uid=%9)))", "uid=%u+cn=%u,dc=%r", `D\,x=`)
	f.Add("%", "%%=%u", "%u")
	f.Fuzz(func(t *testing.T, filter, dn, typed string) {
		l, err := ParseLogin(typed)
		if err != nil {
			require.ErrorIs(t, err, ErrLogin)
			return
		}
		c := Config{Kind: KindLDAP, URLs: []string{"ldap://x"}, Filter: filter}
		if c.Validate() == nil {
			if got, err := c.LoginFilter(l); err == nil {
				_, err := ldap.CompileFilter(got)
				require.NoError(t, err, got)
				_, err = ldap.CompileFilter(c.SearchFilter([]string{typed}))
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ErrLogin)
			}
		}
		c = Config{Kind: KindLDAP, URLs: []string{"ldap://x"}, Login: LoginDirect, BindTemplate: dn}
		if c.Validate() == nil && strings.Contains(dn, "=") {
			if got, err := c.LoginDN(l); err == nil {
				_, err := ldap.ParseDN(got)
				require.NoError(t, err, got)
			} else {
				require.ErrorIs(t, err, ErrLogin)
			}
		}
	})
}
