// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
	d "jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
)

// People of an Active Directory log in by each of their names, as far as the
// state of their accounts lets them.
func TestDomainLogin(t *testing.T) {
	server := d.StartSamba(t, d.SambaOptions{
		LDIF: d.DomainUser("alice", "userPrincipalName", "a.liddell@corp.example", "givenName", "Alice") +
			d.DomainUser("Ben O'Hara") + d.DomainUser("disabled", "userAccountControl", "514") +
			d.DomainUser("expired", "accountExpires", "132000000000000000") + d.DomainUser("mustchange", "pwdLastSet", "0") +
			d.DomainUser("locked") + d.DomainUser("old") + d.DomainUser("retry"),
		LockoutThreshold: 3, Expired: []string{"old"},
	})
	f := newFixture(t)
	f.add(t, "corp", source.Config{
		Kind: source.KindAD, Preset: "samba", URLs: []string{server.URL()}, TLS: source.TLSStartTLS, CA: server.CA.PEM(),
		Domain: d.Realm, NetBIOS: d.NetBIOS, BindDN: "Administrator@" + d.Realm,
	}, d.AdminPassword)
	conn := server.Connect(t)
	for range 4 {
		require.Error(t, conn.Bind("locked@"+d.Realm, "wrong"))
	}
	var first string
	for _, c := range []struct{ name, login, password, user, verdict string }{
		{"sAMAccountName", "alice", d.Password, "alice", ""},
		{"case", "ALICE", d.Password, "alice", ""},
		{"domain", `adtest\alice`, d.Password, "alice", ""},
		{"implicit principal name", "alice@ad.test", d.Password, "alice", ""},
		{"explicit principal name", "A.Liddell@corp.example", d.Password, "alice", ""},
		{"special characters", "ben o'hara", d.Password, "Ben O'Hara", ""},
		{"error/other domain", "alice@elsewhere.test", d.Password, "", ""},
		{"error/wrong", "alice", "wrong", "", ""},
		{"error/empty", "alice", "", "", "empty"},
		{"error/disabled", "disabled", d.Password, "", "disabled"},
		{"error/expired", "expired", d.Password, "", "expired"},
		{"error/must change", "mustchange", d.Password, "", "change"},
		{"error/locked", "locked", d.Password, "", "locked"},
		{"error/password expired", "old", d.Password, "", "expired"},
		{"error/computer", "DC1$", d.Password, "", ""},
		{"error/built in", "krbtgt", d.Password, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			user, err := f.login(t, c.login, c.password)
			require.Contains(t, f.verdict(t), c.verdict)
			if c.user == "" {
				require.ErrorIs(t, err, account.ErrCredentials)
				return
			}
			require.NoError(t, err, f.verdict(t))
			require.Equal(t, c.user, user.Username)
			if c.user == "alice" {
				if first == "" {
					first = user.AccountID
				}
				require.Equal(t, first, user.AccountID, "one account for all names")
			}
		})
	}

	t.Run("a device that retries does not lock", func(t *testing.T) {
		for range 8 {
			_, err := f.login(t, "retry", "the old password")
			require.ErrorIs(t, err, account.ErrCredentials)
		}
		_, err := f.login(t, "retry", d.Password)
		require.NoError(t, err, f.verdict(t))
	})
	t.Run("renamed and moved", func(t *testing.T) {
		admin := server.Connect(t)
		require.NoError(t, admin.Add(&ldap.AddRequest{DN: "OU=Sales," + d.DomainBase, Attributes: []ldap.Attribute{
			{Type: "objectClass", Vals: []string{"organizationalUnit"}},
		}}))
		require.NoError(t, admin.ModifyDN(ldap.NewModifyDNRequest(d.DN("CN", "alice", d.DomainUsers), "CN=alicia", true, "OU=Sales,"+d.DomainBase)))
		change := ldap.NewModifyRequest("CN=alicia,OU=Sales,"+d.DomainBase, nil)
		change.Replace("sAMAccountName", []string{"alicia"})
		require.NoError(t, admin.Modify(change))
		user, err := f.login(t, "alicia", d.Password)
		require.NoError(t, err, f.verdict(t))
		require.Equal(t, first, user.AccountID)
		require.Equal(t, "alicia", user.Username)
	})
	t.Run("a new password is tried at once", func(t *testing.T) {
		_, err := f.login(t, "retry", "Tomorrow-1")
		require.ErrorIs(t, err, account.ErrCredentials)
		change := ldap.NewModifyRequest(d.DN("CN", "retry", d.DomainUsers), nil)
		change.Replace("unicodePwd", []string{d.UnicodePassword("Tomorrow-1")})
		require.NoError(t, server.Connect(t).Modify(change))
		_, err = f.login(t, "retry", "Tomorrow-1")
		require.NoError(t, err, f.verdict(t))
	})
}
