// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/appliance/e2e/jamid"
)

// directory proves that people find each other by name.
func (c *cast) directory(t *testing.T) {
	ctx := within(t, 3*time.Minute)
	laptop := c.laptop

	t.Run("look-up/name", func(t *testing.T) {
		answer, err := laptop.LookupName(ctx, laptop.account, bob.Name)
		require.NoError(t, err)
		require.Equal(t, jamid.NameAnswer{Status: jamid.NameFound, Address: c.phone.uri, Name: bob.Name}, answer)
	})
	t.Run("look-up/address", func(t *testing.T) {
		answer, err := c.phone.LookupAddress(ctx, c.phone.account, laptop.uri)
		require.NoError(t, err)
		require.Equal(t, jamid.NameAnswer{Status: jamid.NameFound, Address: laptop.uri, Name: alice.Name}, answer)
	})
	t.Run("look-up/unknown name", func(t *testing.T) {
		answer, err := laptop.LookupName(ctx, laptop.account, "nobody-here")
		require.NoError(t, err)
		require.Equal(t, jamid.NameNotFound, answer.Status)
	})
	for name, query := range map[string]string{
		"start of the first name": "bo", "user name": "bob", "last name": "Tester",
		"with a space": "bob te", "other case": "BOB",
	} {
		t.Run("search/"+name, func(t *testing.T) {
			answer, err := laptop.SearchUser(ctx, laptop.account, query)
			require.NoError(t, err)
			require.Zero(t, answer.Status)
			require.Len(t, answer.People, 1)
			person := answer.People[0]
			require.Equal(t, c.phone.uri, person["id"])
			require.Equal(t, bob.Name, person["username"])
			require.Equal(t, bob.FirstName, person["firstName"])
			require.Equal(t, bob.LastName, person["lastName"])
		})
	}
	t.Run("search/who never enrolled", func(t *testing.T) {
		answer, err := laptop.SearchUser(ctx, laptop.account, "dave")
		require.NoError(t, err)
		for _, person := range answer.People {
			require.Regexp(t, "^[0-9a-f]{40}$", person["id"], "nobody could add this person")
		}
	})
	t.Run("search/nobody", func(t *testing.T) {
		answer, err := laptop.SearchUser(ctx, laptop.account, "zzz")
		require.NoError(t, err)
		require.Zero(t, answer.Status, "an empty answer is no error")
		require.Empty(t, answer.People)
	})
}
