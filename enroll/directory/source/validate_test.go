// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestValidate(t *testing.T) {
	good := Config{Kind: KindLDAP, URLs: []string{"ldap://ldap.example.org"}}
	for _, tt := range []struct {
		name  string
		edit  func(*Config)
		words string
	}{
		{"least", func(*Config) {}, ""},
		{"local", func(c *Config) { *c = Config{Kind: KindLocal} }, ""},
		{"LDAPS implied", func(c *Config) { c.URLs = []string{"ldaps://a:636/", "LDAPS://b"} }, ""},
		{"domain alone", func(c *Config) { *c = Config{Kind: KindAD, Domain: "ad.example"} }, ""},
		{"as Jitsi's", func(c *Config) {
			c.URLs, c.Bases, c.Filter = []string{"ldaps://ldap.example.org/"}, []string{"dc=example,dc=org"}, "(sAMAccountName=%u)"
		}, ""},
		{"filter without brackets", func(c *Config) { c.Filter = "uid=%u" }, ""},
		{"service as UPN", func(c *Config) { c.BindDN = "reader@ad.example" }, ""},
		{"service as NetBIOS", func(c *Config) { c.BindDN = `AD\reader` }, ""},
		{"error/kind", func(c *Config) { c.Kind = "nis" }, "kind: "},
		{"error/preset", func(c *Config) { c.Preset = "novell" }, "preset: \"novell\" is unknown"},
		{"error/preset of other kind", func(c *Config) { c.Preset = "ad" }, "preset: \"ad\" is for sources of kind ad"},
		{"error/no URL", func(c *Config) { c.URLs = nil }, "urls: give at least one"},
		{"error/scheme", func(c *Config) { c.URLs = []string{"http://a"} }, "urls: \"http://a\" has to begin"},
		{"error/no scheme", func(c *Config) { c.URLs = []string{"ldap.example.org"} }, "has to begin with ldap://"},
		{"error/no host", func(c *Config) { c.URLs = []string{"ldap://"} }, "names no server"},
		{"error/path", func(c *Config) { c.URLs = []string{"ldap://a/dc=x"} }, "more than a server and a port"},
		{"error/user", func(c *Config) { c.URLs = []string{"ldap://u:p@a"} }, "more than a server and a port"},
		{"error/port", func(c *Config) { c.URLs = []string{"ldap://a:70000"} }, "a port that is none"},
		{"error/schemes", func(c *Config) { c.URLs = []string{"ldap://a", "ldaps://b"} }, "give all the same"},
		{"error/StartTLS with ldaps", func(c *Config) { c.URLs, c.TLS = []string{"ldaps://a"}, "starttls" }, "tls: ldaps:// is encrypted from the start and knows no StartTLS"},
		{"error/none with ldaps", func(c *Config) { c.URLs, c.TLS = []string{"ldaps://a"}, "none" }, "tls: ldaps:// is always encrypted"},
		{"error/ldaps with ldap", func(c *Config) { c.TLS = "ldaps" }, "tls: ldap:// is not encrypted"},
		{"error/TLS", func(c *Config) { c.TLS = "yes" }, "tls: \"yes\" is unknown"},
		{"error/CA", func(c *Config) { c.CA = "x" }, "ca: holds no certificate"},
		{"error/CA holds a key", func(c *Config) { c.CA = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n" }, "ca: holds a private key"},
		{"error/CA broken", func(c *Config) { c.CA = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n" }, "ca: certificate 1 cannot be read"},
		{"error/pin", func(c *Config) { c.Pins = []string{"12:34"} }, "pins: "},
		{"error/TLS version", func(c *Config) { c.MinTLS = "1.4" }, "min_tls: "},
		{"error/cipher", func(c *Config) { c.Ciphers = []string{"NORMAL"} }, "ciphers: "},
		{"error/bind name", func(c *Config) { c.BindDN = "reader" }, "bind_dn: \"reader\" is neither"},
		{"error/bind DN", func(c *Config) { c.BindDN = "cn=reader,dc" }, "bind_dn: "},
		{"error/base", func(c *Config) { c.Bases = []string{"example.org"} }, "bases: "},
		{"error/group base", func(c *Config) { c.GroupBases = []string{""} }, "group_bases: "},
		{"error/scope", func(c *Config) { c.Scope = "all" }, "scope: "},
		{"error/login", func(c *Config) { c.Login = "ntlm" }, "login: "},
		{"error/template missing", func(c *Config) { c.Login = LoginDirect }, "bind_template: login direct needs one"},
		{"error/template without token", func(c *Config) { c.Login, c.BindTemplate = LoginDirect, "uid=x,dc=y" }, "bind_template: "},
		{"error/template no DN", func(c *Config) { c.Login, c.BindTemplate = LoginDirect, "uid=%u,dc" }, "bind_template: "},
		{"error/filter", func(c *Config) { c.Filter = "(uid=%u" }, "filter: "},
		{"error/filter for one", func(c *Config) { c.Filter = "(uid=alice)" }, "filter: (uid=alice) is the same for every login"},
		{"error/users filter", func(c *Config) { c.UsersFilter = "(&" }, "users_filter: "},
		{"error/group filter", func(c *Config) { c.GroupFilter = "(cn=x" }, "group_filter: "},
		{"error/membership", func(c *Config) { c.Membership = "groups" }, "membership: "},
		{"error/chain without AD", func(c *Config) { c.Membership = MembershipInChain }, "membership: in-chain"},
		{"error/attribute", func(c *Config) { c.Mapping.Email = []string{"mail)(x"} }, "mapping.email: "},
		{"error/timeout", func(c *Config) { c.Timeout = Duration(time.Hour) }, "timeout: "},
		{"error/page", func(c *Config) { c.PageSize = -1 }, "page_size: "},
		{"error/connections", func(c *Config) { c.Connections = 1000 }, "connections: "},
		{"error/accounts", func(c *Config) { c.Accounts = "never" }, "accounts: "},
		{"error/catalogue", func(c *Config) { c.GlobalCatalogue = true }, "global_catalogue: "},
		{"error/domain", func(c *Config) { c.Domain = "a b" }, "domain: "},
		{"error/NetBIOS", func(c *Config) { c.NetBIOS = `AD\` }, "netbios: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.edit(&c)
			err := c.Validate()
			if tt.words == "" {
				require.NoError(t, err)
				require.NoError(t, c.WithDefaults().Validate(), "defaults are valid")
				return
			}
			require.ErrorContains(t, err, tt.words)
		})
	}
	t.Run("error/all at once", func(t *testing.T) {
		err := Config{Kind: KindLDAP, Scope: "x", Login: "y", PageSize: -1}.Validate()
		require.Len(t, strings.Split(err.Error(), "\n"), 4, "%v", err)
	})
}

func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		c, err := Preset(name)
		require.NoError(t, err)
		c.URLs = []string{"ldaps://a"}
		require.NoError(t, c.Validate(), name)
		again := Config{Kind: c.Kind, Preset: name, URLs: c.URLs}.WithDefaults()
		require.Equal(t, c.WithDefaults(), again, name)
		require.Equal(t, again, again.WithDefaults(), name)
		require.Empty(t, c.Warnings())
	}
	_, err := Preset("other")
	require.ErrorContains(t, err, "there are ad, samba, openldap, 389ds, freeipa, lldap")
	users, groups := Config{Kind: KindLDAP, Preset: "freeipa"}.BasesIn("dc=x")
	require.Equal(t, "cn=users,cn=accounts,dc=x cn=groups,cn=accounts,dc=x", users[0]+" "+groups[0])
	users, groups = Config{Kind: KindLDAP, Bases: []string{"ou=p,dc=x"}}.BasesIn("")
	require.Equal(t, users, groups)
	_, groups = Config{Kind: KindLDAP, Bases: []string{"ou=p,dc=x"}}.BasesIn("dc=x")
	require.Equal(t, []string{"dc=x"}, groups)
}

func TestWarnings(t *testing.T) {
	for words, c := range map[string]Config{
		"tls: without TLS no password":   {Kind: KindLDAP, TLS: TLSNone},
		"passwords cross the network":    {Kind: KindLDAP, TLS: TLSNone, AllowPlaintextBind: true},
		"insecure_skip_verify":           {Kind: KindLDAP, InsecureSkipVerify: true},
		"TLS 1.0 has known weaknesses":   {Kind: KindLDAP, MinTLS: "1.0"},
		"ciphers: TLS_RSA_WITH_RC4":      {Kind: KindLDAP, Ciphers: []string{"TLS_RSA_WITH_RC4_128_SHA"}},
		"pins: they are trusted instead": {Kind: KindLDAP, Pins: []string{"x"}, CA: "y"},
		"bind_dn: without a service":     {Kind: KindLDAP, Login: LoginDirect, BindTemplate: "uid=%u"},
		"global_catalogue":               {Kind: KindAD, GlobalCatalogue: true},
		"id: whoever is given the same":  {Kind: KindLDAP, Mapping: Mapping{ID: []string{"entryUUID", "uid"}}},
	} {
		require.Contains(t, strings.Join(c.Warnings(), "\n"), words)
	}
	require.Empty(t, (Config{Kind: KindLocal, InsecureSkipVerify: true}).Warnings())
}

func TestJSON(t *testing.T) {
	c := Config{Kind: KindLDAP, URLs: []string{"ldap://a"}, Timeout: Duration(5 * time.Second), Mapping: Mapping{Email: []string{"mail"}}}
	text, err := json.Marshal(c)
	require.NoError(t, err)
	require.JSONEq(t, `{"kind":"ldap","urls":["ldap://a"],"timeout":"5s","mapping":{"email":["mail"]}}`, string(text))
	var back Config
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, c, back)
	require.Error(t, json.Unmarshal([]byte(`{"timeout":5}`), &back))
	require.Error(t, json.Unmarshal([]byte(`{"timeout":"soon"}`), &back))
}
