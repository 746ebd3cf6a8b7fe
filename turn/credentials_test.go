// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	pion "github.com/pion/turn/v3"
	"github.com/stretchr/testify/require"
)

func TestCredentialsFor(t *testing.T) {
	c := NewCredentials([]byte(testMaster), testRealm)
	username, password := c.For("9d0c5ab3")

	// Devices in the field keep what they once got: these must never change.
	require.Equal(t, "ebakrs2ludbiszncj36r", username)
	require.Equal(t, "wl7hwnbfxgu7sbjxjqjyfc56qervu3cp2trahht7lvyb2kswheba", password)

	require.True(t, isUsername(username))
	require.NotContains(t, username, "9d0c5ab3")
	otherName, otherPassword := c.For("9d0c5ab4")
	require.NotEqual(t, username, otherName)
	require.NotEqual(t, password, otherPassword)
	name, pass := NewCredentials([]byte(strings.ToUpper(testMaster)), testRealm).For("9d0c5ab3")
	require.NotEqual(t, username, name)
	require.NotEqual(t, password, pass)
}

func TestCredentialsKey(t *testing.T) {
	c := NewCredentials([]byte(testMaster), testRealm)
	username, password := c.For("laptop")
	want := pion.GenerateAuthKey(username, testRealm, password)
	for _, from := range []string{"computed", "cached"} {
		key, ok := c.key(username)
		require.True(t, ok, from)
		require.Equal(t, want, key, from)
	}
	for name, text := range map[string]string{
		"empty":       "",
		"short":       username[1:],
		"long":        username + "a",
		"upper case":  strings.ToUpper(username),
		"wrong digit": "1" + username[1:],
	} {
		_, ok := c.key(text)
		require.False(t, ok, name)
	}
}

func TestCredentialsDenied(t *testing.T) {
	c := NewCredentials([]byte(testMaster), testRealm)
	served := func(device string) bool {
		username, _ := c.For(device)
		key, ok := c.key(username)
		require.Equal(t, ok, key != nil && ok)
		return ok
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

func TestCredentialsBounded(t *testing.T) {
	c := NewCredentials([]byte(testMaster), testRealm)
	for i := range maxCachedKeys + 10 {
		username, _ := c.For(fmt.Sprint(i))
		_, ok := c.key(username)
		require.True(t, ok)
	}
	require.LessOrEqual(t, len(c.keys), maxCachedKeys)
}

func TestCredentialsConcurrent(t *testing.T) {
	c := NewCredentials([]byte(testMaster), testRealm)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			device := fmt.Sprint(i)
			username, _ := c.For(device)
			for range 100 {
				c.Deny(device)
				_, ok := c.key(username)
				c.SetDenied([]string{device})
				c.Allow(device)
				_ = ok
			}
		})
	}
	wg.Wait()
}
