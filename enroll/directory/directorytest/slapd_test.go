// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

func TestSlapd(t *testing.T) {
	s := StartSlapd(t, SlapdOptions{LDIF: Person("alice") + Group("staff", DN("uid", "alice", People))})
	c := s.Connect(t)
	result, err := c.Search(ldap.NewSearchRequest(Groups, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(cn=staff)", nil, nil))
	require.NoError(t, err)
	require.Len(t, result.Entries, 1)
	require.NoError(t, c.Bind(DN("uid", "alice", People), Password))
	require.Error(t, c.Bind(DN("uid", "alice", People), "other"))
}
