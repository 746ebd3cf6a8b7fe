// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
	d "jamibox/enroll/directory/directorytest"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/store"
)

func people() string {
	return d.Policy("default") +
		d.Person("alice", "givenName", "Alice", "sn", "Liddell", "mail", "alice@example.test", "mail", "al@example.test",
			"telephoneNumber", "+33 1 23 45", "mobile", "+33 6 78", "o", "Wonder", "uid", "al", "uid", "a.liddell") +
		d.Person("bob") + d.Person("émile") + d.Person("o'hara (x)*") +
		d.Person("twin", "employeeNumber", "7") + d.Person("twin2", "uid", "twin") +
		d.Person("disabled", "pwdAccountLockedTime", "000001010000Z") +
		d.Person("must.change", "pwdReset", "TRUE") +
		d.Person("a:b") + d.Person("@at", "cn", "at")
}

func TestLogin(t *testing.T) {
	f := newFixture(t)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: people(), WithPolicy: true})
	f.add(t, "corp", ldapConfig(server.URL()), d.ReaderPassword)
	_, err := f.accounts.Create(t.Context(), account.NewUser{Username: "lucy", Password: "correct horse battery"})
	require.NoError(t, err)

	for _, c := range []struct {
		name, login, password string
		user                  string // "": refused
		verdict               string
	}{
		{"ldap/right", "alice", d.Password, "alice", "let in as user alice"},
		{"ldap/case and spaces", " ALICE\t", d.Password, "alice", ""},
		{"ldap/user@domain", "alice@example.test", d.Password, "alice", ""},
		{"ldap/domain", `EXAMPLE\alice`, d.Password, "alice", ""},
		{"ldap/other login", "a.liddell", d.Password, "alice", ""},
		{"ldap/third login", "al", d.Password, "alice", ""},
		{"ldap/decomposed accent", "E\u0301mile", d.Password, "émile", ""},
		{"ldap/special characters", "o'hara (x)*", d.Password, "o'hara (x)*", ""},
		{"local/right", "lucy", "correct horse battery", "lucy", ""},
		{"error/wrong", "bob", "wrong", "", "corp: "},
		{"error/unknown", "nobody", d.Password, "", "local: unknown user; corp: "},
		{"error/empty password", "bob", "", "", "empty"},
		{"error/star", "*", d.Password, "", "corp: "},
		{"error/injection", "bob)(uid=*", d.Password, "", "corp: "},
		{"error/injection of a DN", "bob,ou=people", d.Password, "", "corp: "},
		{"error/NUL", "bob\x00", d.Password, "", "corp: "},
		{"error/two entries", "twin", d.Password, "", "several entries"},
		{"error/disabled", "disabled", d.Password, "", "corp: "},
		{"error/must change", "must.change", d.Password, "", "changed"},
		{"error/name with a colon", "a:b", d.Password, "", "must not contain"},
		{"error/local, wrong", "lucy", "wrong", "", "local: wrong password"},
		{"error/long", strings.Repeat("x", 5000), d.Password, "", "corp: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			user, err := f.login(t, c.login, c.password)
			if c.user == "" {
				require.ErrorIs(t, err, account.ErrCredentials)
				require.Equal(t, account.ErrCredentials.Error(), err.Error(), "the person is told nothing more")
				require.Zero(t, user)
			} else {
				require.NoError(t, err, "%+v", f.Traces("", 1))
				require.Equal(t, c.user, user.Username)
			}
			require.Contains(t, f.verdict(t), c.verdict)
		})
	}
	alice, err := f.accounts.Find(t.Context(), "alice")
	require.NoError(t, err)
	require.Equal(t, "Liddell", alice.LastName)
	require.Equal(t, "alice@example.test", alice.Email)
	require.Equal(t, "+336781"[:6], alice.Mobile[:6])
	require.Equal(t, "Wonder", alice.Organization)
	require.Contains(t, alice.SearchText, "al@example.test")
	require.Empty(t, alice.PasswordHash)
	n, err := f.box.Store.CountUsers(t.Context(), store.UserQuery{})
	require.NoError(t, err)
	require.Equal(t, 4, n, "one account for three logins, none for who was refused")
	require.NotContains(t, f.log.String(), d.Password)
	require.NotContains(t, f.log.String(), d.ReaderPassword)

	require.ErrorIs(t, f.accounts.SetPassword(t.Context(), "alice", "new password"), account.ErrElsewhere)
	_, err = f.accounts.UpdateProfile(t.Context(), "alice", account.Profile{FirstName: "Eve"})
	require.ErrorIs(t, err, account.ErrElsewhere)
	state := f.state(t, "corp")
	require.Equal(t, StateUp, state.State)
	require.NotNil(t, state.LastLogin)
	require.Equal(t, 3, state.Users)
}

// A name that a user has belongs to the user's source alone.
func TestNamesakes(t *testing.T) {
	f := newFixture(t)
	first := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice", "userPassword", "first") + d.Person("carol", "userPassword", "first")})
	second := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice", "userPassword", "second") +
		d.Person("carol", "userPassword", "second") + d.Person("dave", "userPassword", "second") + d.Person("lucy", "userPassword", "second")})
	f.add(t, "first", ldapConfig(first.URL()), d.ReaderPassword)
	f.add(t, "second", ldapConfig(second.URL()), d.ReaderPassword)
	_, err := f.accounts.Create(t.Context(), account.NewUser{Username: "lucy", Password: "correct horse battery"})
	require.NoError(t, err)

	alice, err := f.login(t, "alice", "first")
	require.NoError(t, err)
	_, err = f.login(t, "alice", "second")
	require.ErrorIs(t, err, account.ErrCredentials, "her namesake")
	require.NotContains(t, f.verdict(t), "second: ", "who is not even asked")
	_, err = f.login(t, "alice@somewhere", "second")
	require.ErrorIs(t, err, account.ErrCredentials)
	require.Contains(t, f.verdict(t), "taken")
	_, err = f.login(t, "lucy", "second")
	require.ErrorIs(t, err, account.ErrCredentials, "the namesake of a user kept here")

	carol, err := f.login(t, "carol", "second")
	require.NoError(t, err, "unknown so far: the next source is asked too")
	dave, err := f.login(t, "dave", "second")
	require.NoError(t, err)
	require.Equal(t, *carol.SourceID, *dave.SourceID)
	_, err = f.login(t, "carol", "first")
	require.ErrorIs(t, err, account.ErrCredentials, "whoever came first has the name")

	disabled := false
	_, err = f.Update(t.Context(), "first", Change{Enabled: &disabled})
	require.NoError(t, err)
	_, err = f.login(t, "alice", "first")
	require.ErrorIs(t, err, account.ErrCredentials)
	require.Contains(t, f.verdict(t), "no source")
	enabled := true
	s, err := f.Update(t.Context(), "first", Change{Enabled: &enabled})
	require.NoError(t, err)
	require.True(t, s.HasPassword, "nothing was lost")
	again, err := f.login(t, "alice", "first")
	require.NoError(t, err)
	require.Equal(t, alice.AccountID, again.AccountID)
}

// A rename or move in the directory leaves the account as it is.
func TestRenamedInTheDirectory(t *testing.T) {
	f := newFixture(t)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice") + d.Person("bob")})
	f.add(t, "corp", ldapConfig(server.URL()), d.ReaderPassword)
	alice, err := f.login(t, "alice", d.Password)
	require.NoError(t, err)
	admin := server.Connect(t)
	require.NoError(t, admin.ModifyDN(ldap.NewModifyDNRequest(d.DN("uid", "alice", d.People), "uid=alicia", true, "")))
	_, err = f.login(t, "alice", d.Password)
	require.ErrorIs(t, err, account.ErrCredentials, "the directory does not know the old name")
	alicia, err := f.login(t, "alicia", d.Password)
	require.NoError(t, err)
	require.Equal(t, alice.AccountID, alicia.AccountID)
	require.Equal(t, "alicia", alicia.Username)

	// Somebody else gets the name that was hers.
	require.NoError(t, admin.ModifyDN(ldap.NewModifyDNRequest(d.DN("uid", "bob", d.People), "uid=alice", true, "")))
	_, err = f.login(t, "alice", d.Password)
	require.ErrorIs(t, err, account.ErrCredentials)
	require.Contains(t, f.verdict(t), "taken", "clients remember whose it was")

	// A source that is removed and added again has its people back.
	require.ErrorIs(t, f.Remove(t.Context(), "corp", false), ErrInUse)
	require.NoError(t, f.Remove(t.Context(), "corp", true))
	_, err = f.login(t, "alicia", d.Password)
	require.ErrorIs(t, err, account.ErrCredentials)
	stranger := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alicia")})
	f.add(t, "stranger", ldapConfig(stranger.URL()), d.ReaderPassword)
	_, err = f.login(t, "alicia", d.Password)
	require.ErrorIs(t, err, account.ErrCredentials, "a namesake of hers")
	require.Contains(t, f.verdict(t), "taken")
	f.add(t, "corporation", ldapConfig(server.URL()), d.ReaderPassword)
	back, err := f.login(t, "alicia", d.Password)
	require.NoError(t, err)
	require.Equal(t, alice.AccountID, back.AccountID)
}

// A device that repeats a wrong password locks nobody's account.
func TestRefusedPasswordIsNotRepeated(t *testing.T) {
	f := newFixture(t)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Policy("default") + d.Person("alice"), WithPolicy: true})
	f.add(t, "corp", ldapConfig(server.URL()), d.ReaderPassword)
	for range 10 {
		_, err := f.login(t, "alice", "an old password")
		require.ErrorIs(t, err, account.ErrCredentials)
		f.pass(time.Minute)
	}
	require.Contains(t, f.verdict(t), "not tried again")
	_, err := f.login(t, "alice", d.Password)
	require.NoError(t, err, "three wrong binds would have locked the account")

	// Once another password was right, the old one may be right again.
	_, err = f.login(t, "alice", "an old password")
	require.ErrorIs(t, err, account.ErrCredentials)
	require.NotContains(t, f.verdict(t), "not tried again")
	f.pass(13 * time.Hour)
	_, err = f.login(t, "alice", "an old password")
	require.ErrorIs(t, err, account.ErrCredentials)
	require.NotContains(t, f.verdict(t), "not tried again", "it is forgotten after a while")
}

// A right password is not bound again at once, unless the entry has changed.
func TestAcceptedPassword(t *testing.T) {
	f := newFixture(t)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Policy("default") + d.Person("alice"), WithPolicy: true})
	f.add(t, "corp", ldapConfig(server.URL()), d.ReaderPassword)
	dn := d.DN("uid", "alice", d.People)
	binds := func() int { return strings.Count(server.Log(), `BIND dn="`+dn+`" method`) }
	for range 3 {
		_, err := f.login(t, "alice", d.Password)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return binds() == 1 }, 10*time.Second, 10*time.Millisecond)
	f.pass(2 * acceptedFor)
	_, err := f.login(t, "alice", d.Password)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return binds() == 2 }, 10*time.Second, 10*time.Millisecond)

	change := ldap.NewModifyRequest(dn, nil)
	change.Replace("pwdAccountLockedTime", []string{"000001010000Z"})
	require.NoError(t, server.Connect(t).Modify(change))
	_, err = f.login(t, "alice", d.Password)
	require.ErrorIs(t, err, account.ErrCredentials, "disabled since")
}

func TestDirectLogin(t *testing.T) {
	f := newFixture(t)
	server := d.StartSlapd(t, d.SlapdOptions{LDIF: d.Person("alice")})
	c := ldapConfig(server.URL())
	c.Login, c.BindTemplate, c.BindDN = source.LoginDirect, "uid=%u,"+d.People, ""
	f.add(t, "corp", c, "")
	for range 2 {
		alice, err := f.login(t, "alice", d.Password)
		require.NoError(t, err, f.verdict)
		require.Equal(t, "alice", alice.Username)
	}
	for _, login := range []string{"alice,ou=people", "nobody", "*"} {
		_, err := f.login(t, login, d.Password)
		require.ErrorIs(t, err, account.ErrCredentials)
	}
	_, err := f.login(t, "alice", "wrong")
	require.ErrorIs(t, err, account.ErrCredentials)
}
