// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

// Each entry takes Samba some milliseconds to add.
const contacts, pageSize = 600, 50

func fileTime(t time.Time) string { return strconv.FormatInt((t.Unix()+11644473600)*10_000_000, 10) }

func domainDN(name string) string { return directorytest.DN("CN", name, directorytest.DomainUsers) }

// domain is an Active Directory with accounts in each state.
func domain(t *testing.T) *directorytest.Samba {
	t.Helper()
	user, group := directorytest.DomainUser, directorytest.DomainGroup
	return directorytest.StartSamba(t, directorytest.SambaOptions{
		LockoutThreshold: 3, Expired: []string{"expired"},
		LDIF: strings.Join([]string{
			user("fine", "givenName", "Fiona", "sn", "Fine", "displayName", "Fiona Fine", "mail", "fiona@ad.test",
				"proxyAddresses", "SMTP:fiona@ad.test", "proxyAddresses", "smtp:ff@ad.test", "telephoneNumber", "0123 45", "mobile", "+49 (0)170 1",
				"company", "Example", "department", "R&D", "title", "Head"),
			user("disabled", "userAccountControl", "514"),
			user("locked"), user("expired"),
			user("mustchange", "pwdLastSet", "0"),
			user("accountexpired", "accountExpires", fileTime(time.Now().Add(-day24))),
			user("never", "accountExpires", "9223372036854775807"),
			user("hours", "logonHours", string(make([]byte, 21))),
			user("workstation", "userWorkstations", "PC1"),
			user("smartcard", "userAccountControl", strconv.Itoa(0x200|0x40000)),
			directorytest.Entry(domainDN("nopassword"), "objectClass", "user", "sAMAccountName", "nopassword", "userAccountControl", "544"),
			user("upn", "userPrincipalName", "U.Person@corp.test"),
			user("bob", "userPrincipalName", "carol@corp.test"), user("carol"),
			user("Łukasz O'Neil", "sn", "O'Neil"), user("comma, jane #1", "sAMAccountName", "jane"), user("中文"),
			group("leaf", true, domainDN("fine")), group("middle (x)", true, domainDN("leaf")), group("top", true, domainDN("middle (x)")),
			group("ring", true, domainDN("top")), group("mail list", false, domainDN("fine")), group("primary", true), group("above primary", true, domainDN("primary")),
			group("big", true),
		}, ""),
	})
}

func activeDirectory(s *directorytest.Samba) source.Config {
	return source.Config{
		Kind: source.KindAD, Preset: "samba", URLs: []string{s.URLS()}, CA: s.CA.PEM(), NetBIOS: directorytest.NetBIOS,
		BindDN: directorytest.Administrator, Bases: []string{directorytest.DomainBase}, PhonePrefix: "+49 30",
	}
}

// TestActiveDirectory shares one domain, which takes seconds to make.
func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	s := domain(t)
	client := func(t *testing.T, edit func(*source.Config)) *Client {
		t.Helper()
		cfg := activeDirectory(s)
		if edit != nil {
			edit(&cfg)
		}
		password := directorytest.AdminPassword
		if cfg.BindDN == "" {
			password = ""
		}
		return newClient(t, cfg, password, Options{Resolver: s.Resolver()})
	}
	c := client(t, nil)
	t.Run("states", func(t *testing.T) { testDomainStates(t, s, c) })
	t.Run("logins", func(t *testing.T) { testDomainLogins(t, c) })
	t.Run("connections", func(t *testing.T) { testDomainConnections(t, s, client) })
	t.Run("mapping", func(t *testing.T) { testDomainMapping(t, s, c) })
	t.Run("groups", func(t *testing.T) { testDomainGroups(t, s, c, client) })
	t.Run("paging", func(t *testing.T) { testDomainPaging(t, s, client) })
}

func testDomainStates(t *testing.T, s *directorytest.Samba, c *Client) {
	for range 3 {
		_, err := logIn(t.Context(), c, "locked", "guess", nil)
		require.Equal(t, "wrong", outcome(err))
	}
	for _, tt := range []struct{ name, login, password, want, words string }{
		{"fine", "fine", "", "ok", ""},
		{"wrong password", "fine", "guess", "wrong", "52e"},
		{"unknown", "nobody", "", "unknown", ""},
		{"disabled", "disabled", "", "disabled", "533"},
		{"disabled/wrong password hides it", "disabled", "guess", "wrong", ""},
		{"locked", "locked", "", "locked", "775"},
		{"locked/wrong password", "locked", "guess", "locked", "775"},
		{"password expired", "expired", "", "password_expired", "532"},
		{"must change", "mustchange", "", "must_change_password", "773"},
		{"account expired", "accountexpired", "", "expired", "701"},
		{"account never expires", "never", "", "ok", ""},
		{"logon hours", "hours", "", "logon_hours", "530"},
		{"workstation", "workstation", "", "workstation", "531"},
		{"smart card", "smartcard", "", "wrong", ""},
		{"no password", "nopassword", "", "wrong", ""},
		{"critical object is nobody", "Administrator", directorytest.AdminPassword, "unknown", ""},
		{"computer is nobody", "DC1$", "", "unknown", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			password := tt.password
			if password == "" {
				password = directorytest.Password
			}
			_, err := logIn(t.Context(), c, tt.login, password, nil)
			require.Equal(t, tt.want, outcome(err))
			if err != nil {
				require.ErrorContains(t, err, tt.words)
			}
		})
	}
	t.Run("entries", func(t *testing.T) {
		for name, want := range map[string]source.StateCode{
			"fine": source.Active, "disabled": source.Disabled, "locked": source.Locked, "expired": source.PasswordExpired,
			"mustchange": source.MustChange, "accountexpired": source.Expired, "never": source.Active, "smartcard": source.Restricted,
		} {
			require.Equal(t, want, c.Config().State(find(t, c, name), time.Now()).Code, name)
		}
	})
	t.Run("empty password is never counted", func(t *testing.T) {
		_, err := logIn(t.Context(), c, "fine", "", nil)
		require.Equal(t, "wrong", outcome(err))
		_, err = logIn(t.Context(), c, "fine", directorytest.Password, nil)
		require.NoError(t, err)
		result, err := s.Connect(t).Search(ldap.NewSearchRequest(domainDN("fine"), ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
			anyEntry, []string{"badPwdCount"}, nil))
		require.NoError(t, err)
		require.Equal(t, "0", result.Entries[0].GetAttributeValue("badPwdCount"))
	})
}

func find(t *testing.T, c *Client, typed string) *ldap.Entry {
	t.Helper()
	l, err := source.ParseLogin(typed)
	require.NoError(t, err)
	e, err := c.Find(t.Context(), l, nil)
	require.NoError(t, err, typed)
	return e
}

func testDomainLogins(t *testing.T, c *Client) {
	for login, want := range map[string]string{
		"fine": "fine", " FINE ": "fine", "fine@ad.test": "fine", "Fine@AD.Test": "fine", `ADTEST\fine`: "fine", `adtest\FINE`: "fine",
		"u.person@corp.test": "upn", "upn@ad.test": "upn", "upn": "upn", "Łukasz O'Neil": "Łukasz O'Neil", "łUKASZ o'neil": "Łukasz O'Neil",
		"jane": "jane", "中文": "中文", "fine@ADTEST": "fine",
		"carol@corp.test": "bob", "carol@ad.test": "carol", "carol": "carol",
	} {
		p, err := logIn(t.Context(), c, login, directorytest.Password, nil)
		require.NoError(t, err, login)
		require.Equal(t, want, p.Username, login)
	}
	for login, want := range map[string]string{
		`OTHER\fine`: "unknown", "fine@other.test": "unknown", "*": "unknown", "f*": "unknown",
		"fine)(objectClass=*": "unknown", "Fiona Fine": "unknown", `fine\2a`: "unknown", "person@corp.test": "unknown",
	} {
		_, err := logIn(t.Context(), c, login, directorytest.Password, nil)
		require.Equal(t, want, outcome(err), login)
	}
}

func testDomainConnections(t *testing.T, s *directorytest.Samba, client func(*testing.T, func(*source.Config)) *Client) {
	for name, edit := range map[string]func(*source.Config){
		"LDAPS":            nil,
		"StartTLS":         func(c *source.Config) { c.URLs = []string{s.URL()} },
		"SRV and StartTLS": func(c *source.Config) { c.URLs, c.Domain = nil, "ad.test" },
		"SRV and LDAPS":    func(c *source.Config) { c.URLs, c.Domain, c.TLS = nil, "AD.TEST.", source.TLSLDAPS },
		"catalogue":        func(c *source.Config) { c.URLs, c.TLS, c.GlobalCatalogue = []string{s.URL()}, "", true },
		"catalogue by SRV": func(c *source.Config) {
			c.URLs, c.Domain, c.TLS, c.GlobalCatalogue, c.Bases = nil, "ad.test", "ldaps", true, nil
		},
		"catalogue LDAPS": func(c *source.Config) { c.GlobalCatalogue, c.Bases, c.Domain = true, nil, "ad.test" },
		"UPN service":     func(c *source.Config) { c.BindDN = "Administrator@ad.test" },
		"NetBIOS service": func(c *source.Config) { c.BindDN = `ADTEST\Administrator` },
		"default base":    func(c *source.Config) { c.Bases = nil },
		"direct UPN":      func(c *source.Config) { c.BindDN, c.Login, c.BindTemplate = "", source.LoginDirect, "%u@ad.test" },
		"direct NetBIOS":  func(c *source.Config) { c.BindDN, c.Login, c.BindTemplate = "", source.LoginDirect, `ADTEST\%u` },
		"direct DN": func(c *source.Config) {
			c.BindDN, c.Login, c.BindTemplate = "", source.LoginDirect, "CN=%u,CN=Users,DC=ad,DC=test"
		},
		"by name of the URL": func(c *source.Config) { c.URLs = []string{"ldaps://dc1.ad.test"} },
	} {
		t.Run(name, func(t *testing.T) {
			p, err := logIn(t.Context(), client(t, edit), "fine", directorytest.Password, nil)
			require.NoError(t, err)
			require.Equal(t, "fine", p.Username)
			require.Equal(t, "Fiona", p.FirstName)
			require.Len(t, p.ExternalID, 36)
		})
	}
	for _, tt := range []struct {
		name, words string
		edit        func(*source.Config)
	}{
		{"simple bind without TLS", "switch on StartTLS or LDAPS", func(c *source.Config) {
			c.URLs, c.TLS, c.AllowPlaintextBind = []string{s.URL()}, source.TLSNone, true
		}},
		{"anonymous search", "give bind_dn", func(c *source.Config) { c.BindDN = "" }},
		{"base of somebody else", "no such base", func(c *source.Config) { c.Bases = []string{"DC=other,DC=test"} }},
	} {
		t.Run("misconfigured/"+tt.name, func(t *testing.T) {
			_, err := logIn(t.Context(), client(t, tt.edit), "fine", directorytest.Password, nil)
			require.Equal(t, "misconfigured", outcome(err), "%v", err)
			require.ErrorContains(t, err, tt.words)
		})
	}
	t.Run("check of direct binds alone", func(t *testing.T) {
		c := client(t, func(c *source.Config) { c.BindDN, c.Login, c.BindTemplate = "", source.LoginDirect, "%u@ad.test" })
		r := c.Check(t.Context(), "fine", directorytest.Password)
		require.True(t, r.OK, "%+v", r.Checks)
		require.Equal(t, []string{"resolve", "connect", "bind", "login"}, stepNames(r))
		require.Equal(t, "Fiona", r.Login.Sample.Person.FirstName)
	})
	t.Run("check", func(t *testing.T) {
		r := client(t, nil).Check(t.Context(), "disabled", directorytest.Password)
		require.False(t, r.OK)
		require.Equal(t, "Samba Active Directory", r.Make)
		require.Equal(t, []string{"resolve", "connect", "bind", "base", "people", "sample", "groups", "login!"}, stepNames(r))
		require.Contains(t, r.Login.Reason, "disabled in the directory")
		require.Contains(t, r.Sample.Groups, "Domain Users")
	})
	t.Run("LDAPS on the plain port", func(t *testing.T) {
		_, err := logIn(t.Context(), client(t, func(c *source.Config) { c.URLs = []string{"ldaps://" + s.IP + ":389"} }), "fine", directorytest.Password, nil)
		require.Equal(t, "unavailable", outcome(err))
		require.ErrorContains(t, err, "does this port speak ldaps")
	})
	t.Run("no such domain", func(t *testing.T) {
		_, err := logIn(t.Context(), client(t, func(c *source.Config) { c.URLs, c.Domain = nil, "other.test" }), "fine", directorytest.Password, nil)
		require.Equal(t, "unavailable", outcome(err))
		require.ErrorContains(t, err, "no domain controllers were found for other.test")
	})
}

func testDomainMapping(t *testing.T, s *directorytest.Samba, c *Client) {
	e := find(t, c, "fine")
	p, err := c.Config().Person(e, time.Now())
	require.NoError(t, err)
	require.Equal(t, "Fiona Fine", p.DisplayName)
	require.Equal(t, []string{"fiona@ad.test", "ff@ad.test"}, p.Emails)
	require.Equal(t, []string{"+4912345", "+491701"}, p.Phones)
	require.Equal(t, []string{"Example", "R&D", "Head"}, []string{p.Organization, p.Department, p.Title})
	require.True(t, strings.HasPrefix(p.PrimaryGroup, "S-1-5-21-") && strings.HasSuffix(p.PrimaryGroup, "-513"), p.PrimaryGroup)

	again, err := c.Entry(t.Context(), p.ExternalID)
	require.NoError(t, err)
	require.Equal(t, e.DN, again.DN)
	_, err = c.Entry(t.Context(), "00000000-0000-0000-0000-000000000000")
	require.ErrorIs(t, err, ErrUnknown)
	t.Run("renamed and moved", func(t *testing.T) {
		admin := s.Connect(t)
		require.NoError(t, admin.ModifyDN(ldap.NewModifyDNRequest(e.DN, "CN=Fiona New", true, directorytest.DomainBase)))
		modify(t, admin, "CN=Fiona New,"+directorytest.DomainBase, "sAMAccountName", "fnew")
		moved, err := c.Entry(t.Context(), p.ExternalID)
		require.NoError(t, err)
		renamed, err := c.Config().Person(moved, time.Now())
		require.NoError(t, err)
		require.Equal(t, p.ExternalID, renamed.ExternalID)
		require.Equal(t, "fnew", renamed.Username)
		modify(t, admin, moved.DN, "sAMAccountName", "fine")
		require.NoError(t, admin.ModifyDN(ldap.NewModifyDNRequest(moved.DN, "CN=fine", true, directorytest.DomainUsers)))
	})
}

func groupNames(groups []Group) []string {
	names := []string{}
	for _, g := range groups {
		names = append(names, g.Name)
	}
	return names
}

func testDomainGroups(t *testing.T, s *directorytest.Samba, c *Client, client func(*testing.T, func(*source.Config)) *Client) {
	admin := s.Connect(t)
	add := func(group string, members ...string) {
		r := ldap.NewModifyRequest(domainDN(group), nil)
		r.Add("member", members)
		require.NoError(t, admin.Modify(r))
	}
	add("top", domainDN("ring")) // a loop
	add("primary", domainDN("fine"))
	result, err := admin.Search(ldap.NewSearchRequest(domainDN("primary"), ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, anyEntry, []string{"objectSid"}, nil))
	require.NoError(t, err)
	sid := source.SID(result.Entries[0].GetRawAttributeValue("objectSid"))
	modify(t, admin, domainDN("fine"), "primaryGroupID", sid[strings.LastIndexByte(sid, '-')+1:])

	want := []string{"leaf", "middle (x)", "top", "ring", "mail list", "primary", "above primary", "Domain Users", "Users"}
	groups, err := c.GroupsOf(t.Context(), find(t, c, "fine"))
	require.NoError(t, err)
	require.ElementsMatch(t, want, groupNames(groups))

	all, complete, err := c.Groups(t.Context())
	require.NoError(t, err)
	require.True(t, complete)
	p, err := c.Config().Person(find(t, c, "fine"), time.Now())
	require.NoError(t, err)
	require.ElementsMatch(t, want, groupNames(NewHierarchy(all).Of(p)))

	t.Run("members in ranges", func(t *testing.T) {
		var members []string
		for i := range contacts {
			dn := domainDN("contact" + strconv.Itoa(i))
			r := ldap.NewAddRequest(dn, nil)
			r.Attribute("objectClass", []string{"contact"})
			require.NoError(t, admin.Add(r))
			members = append(members, dn)
		}
		add("big", members...)
		c := client(t, nil)
		var entry *ldap.Entry
		require.NoError(t, c.with(t.Context(), nil, func(cn *conn) error {
			result, err := cn.search(ldap.NewSearchRequest(domainDN("big"), ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, anyEntry, []string{"member;range=0-99"}, nil))
			if err != nil {
				return err
			}
			entry = result.Entries[0]
			require.True(t, isRanged(entry))
			return c.readRanges(cn, entry)
		}))
		require.ElementsMatch(t, members, entry.GetAttributeValues("member"))
	})
}

func testDomainPaging(t *testing.T, s *directorytest.Samba, client func(*testing.T, func(*source.Config)) *Client) {
	c := client(t, func(c *source.Config) {
		c.PageSize, c.UsersFilter, c.GroupBases = pageSize, "(objectClass=contact)", nil
		c.Mapping.Username, c.Mapping.ID = []string{"cn"}, []string{"objectGUID"}
	})
	people, pages := map[string]bool{}, 0
	complete, err := c.Pages(t.Context(), c.Config().SearchFilter(nil), []string{"objectGUID", "cn"}, func(entries []*ldap.Entry) error {
		pages++
		for _, e := range entries {
			people[c.Config().ID(e)] = true
		}
		return nil
	})
	require.NoError(t, err)
	require.True(t, complete)
	require.Len(t, people, contacts)
	require.Equal(t, contacts/pageSize, pages)
	entries, complete, err := c.Search(t.Context(), c.Config().SearchFilter(nil), 20)
	require.NoError(t, err)
	require.False(t, complete, "Samba sends everything, whatever the limit")
	require.Len(t, entries, 20)
}
