// SPDX-License-Identifier: GPL-3.0-or-later

package credential

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	pion "github.com/pion/turn/v3"
	"github.com/stretchr/testify/require"
)

const (
	testRealm  = "jamibox.test"
	testSecret = "0123456789abcdef0123456789abcdef"
)

// clock is set by hand.
type clock struct{ time time.Time }

func (c *clock) now() time.Time { return c.time }

func newTest(t *testing.T) (*Credentials, *clock) {
	t.Helper()
	c, err := New(testRealm, Secrets{Names: []byte(testSecret), Current: []byte(testSecret)})
	require.NoError(t, err)
	at := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	c.now = at.now
	return c, at
}

func source() netip.Addr { return netip.MustParseAddr("192.0.2.1") }

func keyOf(username, password string) []byte {
	return pion.GenerateAuthKey(username, testRealm, password)
}

// Devices in the field keep what they once got: what the first releases made
// from their one secret must never change. The values were derived a second
// time with OpenSSL.
func TestCredentialsFor(t *testing.T) {
	for device, want := range map[string][2]string{
		"9d0c5ab3": {"ebakrs2ludbiszncj36r", "wl7hwnbfxgu7sbjxjqjyfc56qervu3cp2trahht7lvyb2kswheba"},
		"0b5e1d7f6c2a48e39f10a7c4d2e8b6f5a3c9d1e7": {"kbj5ft6t2h33zk7rpw2q", "t365inpv476ix6zsfc4slmeuokuo7kduohjqk6a7qjxcg27dgf4q"},
		"é|x": {"ynnsfdren4l7yngw7rsi", "zd2ngkbuwueiphsrwordwgzv3zjlx4fdkydc2efesze72ywlphha"},
	} {
		c, _ := newTest(t)
		username, password := c.For(device)
		require.Equal(t, want, [2]string{username, password})
		require.Equal(t, username, c.Username(device))
		require.True(t, isUsername(username))
		require.NotContains(t, username, device)
	}
	c, _ := newTest(t)
	username, password := c.For("9d0c5ab3")
	otherName, otherPassword := c.For("9d0c5ab4")
	require.NotEqual(t, username, otherName)
	require.NotEqual(t, password, otherPassword)
	require.Equal(t, testRealm, c.Realm())
}

func TestCredentialsNew(t *testing.T) {
	long, short := []byte(testSecret), []byte(testSecret[:15])
	for name, test := range map[string]struct {
		secrets Secrets
		err     error
	}{
		"alike":               {Secrets{Names: long, Current: long}, nil},
		"previous":            {Secrets{Names: long, Current: long, Previous: long}, nil},
		"16 bytes":            {Secrets{Names: long[:16], Current: long[:16]}, nil},
		"error/none":          {Secrets{}, ErrWeak},
		"error/no names":      {Secrets{Current: long}, ErrWeak},
		"error/no current":    {Secrets{Names: long}, ErrWeak},
		"error/weak names":    {Secrets{Names: short, Current: long}, ErrWeak},
		"error/weak current":  {Secrets{Names: long, Current: short}, ErrWeak},
		"error/weak previous": {Secrets{Names: long, Current: long, Previous: short}, ErrWeak},
		"error/no previous":   {Secrets{Names: long, Current: long, Previous: []byte{}}, ErrWeak},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(testRealm, test.secrets)
			require.ErrorIs(t, err, test.err)
			if test.err != nil {
				c, _ := newTest(t)
				require.ErrorIs(t, c.Rotate(test.secrets), test.err)
			}
		})
	}
	t.Run("keeps no memory of the caller", func(t *testing.T) {
		secret := []byte(testSecret)
		c, err := New(testRealm, Secrets{Names: secret, Current: secret})
		require.NoError(t, err)
		before, _ := c.For("laptop")
		clear(secret)
		after, _ := c.For("laptop")
		require.Equal(t, before, after)
	})
}

func TestCredentialsKeys(t *testing.T) {
	c, _ := newTest(t)
	username, password := c.For("laptop")
	for _, from := range []string{"computed", "cached"} {
		require.Equal(t, [][]byte{keyOf(username, password)}, c.Keys(username, source()), from)
	}
	for name, text := range map[string]string{
		"empty":       "",
		"short":       username[1:],
		"long":        username + "a",
		"upper case":  strings.ToUpper(username),
		"wrong digit": "1" + username[1:],
		"not ASCII":   "\xff" + username[1:],
	} {
		require.Empty(t, c.Keys(text, source()), name)
	}
}

func TestCredentialsRotate(t *testing.T) {
	c, at := newTest(t)
	username, oldPassword := c.For("laptop")
	oldKey := keyOf(username, oldPassword)
	require.Equal(t, [][]byte{oldKey}, c.Keys(username, source()))

	next := Secrets{
		Names:         []byte(testSecret),
		Current:       []byte("another secret of 32 bytes or so"),
		Previous:      []byte(testSecret),
		PreviousUntil: at.time.Add(time.Hour),
	}
	require.NoError(t, c.Rotate(next))
	name, password := c.For("laptop")
	newKey := keyOf(username, password)
	require.Equal(t, username, name)
	require.NotEqual(t, oldPassword, password)

	for range 2 { // computed, cached
		require.Equal(t, [][]byte{newKey, oldKey}, c.Keys(username, source()))
	}
	at.time = at.time.Add(time.Hour - time.Nanosecond)
	require.Equal(t, [][]byte{newKey, oldKey}, c.Keys(username, source()))
	at.time = at.time.Add(time.Nanosecond)
	for range 2 {
		require.Equal(t, [][]byte{newKey}, c.Keys(username, source()), "the overlap is over")
	}

	t.Run("the same after a restart", func(t *testing.T) {
		again, err := New(testRealm, next)
		require.NoError(t, err)
		again.now = func() time.Time { return next.PreviousUntil.Add(-time.Minute) }
		require.Equal(t, [][]byte{newKey, oldKey}, again.Keys(username, source()))
	})
	t.Run("at once", func(t *testing.T) {
		require.NoError(t, c.Rotate(Secrets{Names: []byte(testSecret), Current: []byte(testSecret)}))
		require.Equal(t, [][]byte{oldKey}, c.Keys(username, source()))
	})
	t.Run("error/other names", func(t *testing.T) {
		other := next
		other.Names = other.Current
		require.ErrorIs(t, c.Rotate(other), ErrNamesChanged)
		require.Equal(t, [][]byte{oldKey}, c.Keys(username, source()))
	})
	t.Run("denials stay", func(t *testing.T) {
		c.Deny("laptop")
		require.NoError(t, c.Rotate(next))
		require.Empty(t, c.Keys(username, source()))
		require.True(t, c.Refused(username))
	})
}

func TestCredentialsBounded(t *testing.T) {
	c, _ := newTest(t)
	for i := range maxCachedKeys + 10 {
		require.Len(t, c.Keys(c.Username(fmt.Sprint(i)), source()), 1)
	}
	require.Len(t, c.present.keys, maxCachedKeys)
}

func TestCredentialsConcurrent(t *testing.T) {
	c, _ := newTest(t)
	c.OnDeny(func(string) { _ = c.Refused("x") })
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			device := fmt.Sprint(i)
			username, password := c.For(device)
			for range 100 {
				c.Deny(device)
				_ = c.Keys(username, source())
				c.SetDenied([]string{device})
				c.FirstSession([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
				_ = c.Keys("ring", source())
				c.Allow(device)
				if err := c.Rotate(Secrets{Names: []byte(testSecret), Current: []byte(testSecret)}); err != nil {
					t.Error(err)
				}
			}
			if _, now := c.For(device); now != password {
				t.Error("another password from the same secret")
			}
		})
	}
	wg.Wait()
}

func BenchmarkCredentialsKeys(b *testing.B) {
	c, err := New(testRealm, Secrets{Names: []byte(testSecret), Current: []byte(testSecret)})
	require.NoError(b, err)
	username, from := c.Username("laptop"), source()
	for b.Loop() {
		c.Keys(username, from)
	}
}
