// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/account"
	d "jamibox/enroll/directory/directorytest"
)

// FuzzLogin tries names and passwords that strangers send: none opens an
// account but the right ones, none is a fault of the box, and none gets the
// directory to say that the source is wrong.
func FuzzLogin(f *testing.F) {
	fix := newFixture(f)
	server := d.StartSlapd(f, d.SlapdOptions{LDIF: d.Person("alice") + d.Person("bob", "userPassword", "another")})
	fix.add(f, "corp", ldapConfig(server.URL()), d.ReaderPassword)
	for _, seed := range [][2]string{
		{"alice", d.Password}, {"bob", d.Password}, {"*", d.Password}, {"alice)(uid=*", "x"}, {"al\\69ce", "x"}, {"alice\x00", d.Password},
		{`a\b\c`, "x"}, {"@", "x"}, {"a@b@c", ""}, {"\xff", "\xff"}, {"uid=alice,ou=people", "x"}, {"\\2a", "x"}, {" ", " "}, {"١@", "\x00"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, login, password string) {
		attempt := fix.Begin(login, "10.0.0.1")
		id := fix.Directories()[0].ID
		person, err := attempt.Ask(context.Background(), id, password)
		attempt.End("")
		if err == nil {
			require.Equal(t, map[string]string{"alice": d.Password, "bob": "another"}[person.Username], password, login)
			return
		}
		var refusal *account.Refusal
		require.True(t, errors.As(err, &refusal), "%q %q: %v", login, password, err)
	})
}
