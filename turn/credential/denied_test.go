// SPDX-License-Identifier: GPL-3.0-or-later

package credential

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCredentialsDenied(t *testing.T) {
	c, _ := newTest(t)
	served := func(device string) bool {
		username := c.Username(device)
		keys := c.Keys(username, source())
		require.Equal(t, c.Refused(username), len(keys) == 0)
		return len(keys) > 0
	}
	require.True(t, served("a"))
	c.Deny("a")
	c.Deny("a")
	require.False(t, served("a"))
	require.True(t, served("b"))
	c.SetDenied([]string{"b", "c"})
	require.True(t, served("a"))
	require.False(t, served("b"))
	require.False(t, served("c"))
	c.Allow("b")
	c.Allow("never denied")
	require.True(t, served("b"))
	c.SetDenied(nil)
	require.True(t, served("c"))
}

func TestCredentialsOnDeny(t *testing.T) {
	c, _ := newTest(t)
	var told []string
	c.OnDeny(func(username string) {
		require.True(t, c.Refused(username), "the denial must have taken effect")
		require.Empty(t, c.Keys(username, source()))
		told = append(told, username)
	})
	c.Deny("a")
	require.Equal(t, []string{c.Username("a")}, told)
	c.SetDenied([]string{"b", "c"})
	require.Equal(t, []string{c.Username("a"), c.Username("b"), c.Username("c")}, told)
	c.Allow("b")
	c.SetDenied(nil)
	require.Len(t, told, 3)
	c.OnDeny(nil)
	c.Deny("a")
	c.SetDenied([]string{"d"})
	require.Len(t, told, 3)
}

func TestCredentialsFirstSession(t *testing.T) {
	c, _ := newTest(t)
	require.Empty(t, c.Keys("ring", source()), "off at first")
	require.True(t, c.Refused("ring"))

	c.FirstSession([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("fd00::/64")})
	want := [][]byte{keyOf("ring", "ring")}
	for from, accepted := range map[string]bool{
		"192.0.2.1":        true,
		"::ffff:192.0.2.1": true,
		"fd00::7":          true,
		"192.0.3.1":        false,
		"fd01::7":          false,
		"127.0.0.1":        false,
	} {
		keys := c.Keys("ring", netip.MustParseAddr(from))
		if accepted {
			require.Equal(t, want, keys, from)
		} else {
			require.Empty(t, keys, from)
		}
	}
	require.False(t, c.Refused("ring"))
	require.Empty(t, c.Keys("rinG", source()))
	require.Empty(t, c.Keys("ring", netip.Addr{}))

	c.FirstSession(nil)
	require.Empty(t, c.Keys("ring", source()))
	require.True(t, c.Refused("ring"))
}
