// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

// FuzzEntry has the directory say anything of somebody. What is stored must be
// the same person when it says so again.
func FuzzEntry(f *testing.F) {
	f.Add("uid=alice,dc=example", "id", "alice", "Alice", "a@example.test", "+33 1", "cn=staff")
	f.Add("", "", "", "", "", "", "")
	f.Add("\xff\x00", "\xff", "a\x00b", "\u202eevil", "smtp:x", "(0)", "cn=\\")
	f.Add("uid=é,dc=x", "ID", "Zoe\u0308", "😀", "@", "00", "=")
	box := newFixture(f)
	f.Fuzz(func(t *testing.T, dn, id, uid, cn, mail, phone, group string) {
		entry := func() *ldap.Entry {
			return ldap.NewEntry(dn, map[string][]string{
				"entryUUID": {id}, "uid": {uid}, "cn": {cn}, "mail": {mail}, "telephoneNumber": {phone, phone}, "memberOf": {group},
			})
		}
		run := func() Report {
			r := newRun(box.job, box.directory(), DefaultSettings(), RunOptions{})
			anonymous, err := r.page(t.Context(), []*ldap.Entry{entry(), entry()})
			require.NoError(t, err)
			require.Equal(t, r.report.People, r.report.New+r.report.Changed+r.report.Unchanged+r.report.Unusable)
			require.LessOrEqual(t, anonymous, r.report.Unusable)
			return r.report
		}
		if first := run(); first.Unusable == 0 {
			require.Equal(t, 1, first.People, "the second one is the same")
			require.Equal(t, 1, run().Unchanged)
		}
	})
}
