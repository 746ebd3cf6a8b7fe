// SPDX-License-Identifier: GPL-3.0-or-later

package directorytest

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"
)

func TestSamba(t *testing.T) {
	s := StartSamba(t, SambaOptions{LDIF: DomainUser("alice") + DomainUser("old") + DomainGroup("staff", true, DN("CN", "alice", DomainUsers)), Expired: []string{"old"}})
	c := s.Connect(t)
	require.NoError(t, c.Bind("alice@"+Realm, Password))
	require.NoError(t, c.Bind(NetBIOS+"\\alice", Password))
	err := c.Bind("old@"+Realm, Password)
	require.True(t, ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials))
	require.ErrorContains(t, err, "data 532")
	_, addresses, err := s.Resolver().LookupSRV(t.Context(), "", "", "_ldap._tcp.dc._msdcs."+Realm+".")
	require.NoError(t, err)
	require.Equal(t, ControllerName+".", addresses[0].Target)
}
