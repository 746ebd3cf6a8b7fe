// SPDX-License-Identifier: GPL-3.0-or-later

package announce

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(account(1), account(2))
		a := s.announce(t)
		pass(time.Second)
		require.Equal(t, []string{account(1) + " 1", account(2) + " 1"}, texts(s.take()), "at once after a start")
		require.Equal(t, 2, a.Status().Lists)
		pass(every - 2*time.Second)
		require.Empty(t, s.take())
		pass(time.Hour)
		puts := s.take()
		last := map[string]time.Duration{account(1) + " 1": 0, account(2) + " 1": 0}
		for _, p := range puts {
			gap := p.after - last[p.text]
			require.True(t, gap >= every && gap < every+time.Second, "%s", gap)
			last[p.text] = p.after
		}
		require.Len(t, puts, 2*7)
		require.Equal(t, 2, s.lists(), "a list that stays is made once")
		require.Equal(t, Status{Lists: 2, Last: s.start.Add(puts[13].after)}, a.Status())
	})
}

func TestRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite()
		s.announce(t)
		pass(20 * time.Second)
		require.Empty(t, s.take())
		for devices := 1; devices < 4; devices++ {
			s.change(func() { s.accounts[account(1)] = devices })
			s.revoked <- struct{}{}
			pass(time.Second)
			puts := s.take()
			require.Len(t, puts, 1)
			require.Equal(t, account(1)+" "+string(rune('0'+devices)), puts[0].text)
			key, err := keyOf(account(1))
			require.NoError(t, err)
			require.Equal(t, key, puts[0].key)
		}
		// Another process has revoked without a notice.
		s.change(func() { s.accounts[account(2)] = 1 })
		pass(lookEvery)
		require.Equal(t, []string{account(2) + " 1"}, texts(s.take()))
		// The last device's certificate ends.
		s.change(func() { clear(s.accounts) })
		pass(time.Hour)
		require.Empty(t, s.take())
	})
}

// TestThousands shows that a start with many lists is no burst, that a
// revocation does not wait for it, and that all are in time with their repeats.
func TestThousands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 2000
		all := make([]string, many)
		for n := range all {
			all[n] = account(n)
		}
		s := newSite(all...)
		a := s.announce(t)
		pass(10 * time.Second)
		begun := len(s.take())
		require.InDelta(t, 10*time.Second/pace, begun, 2)
		s.change(func() { s.accounts[account(many)] = 3 })
		s.revoked <- struct{}{}
		pass(100 * time.Millisecond)
		require.Contains(t, texts(s.take()), account(many)+" 3")
		pass(every)
		require.Equal(t, many+1, a.Status().Lists)
		s.take()
		pass(every)
		require.InDelta(t, many+1, len(s.take()), 10)
	})
}

func TestNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(account(1))
		s.others = 0
		a := s.announce(t)
		pass(3 * time.Minute)
		var at []time.Duration
		for _, p := range s.take() {
			at = append(at, p.after.Round(time.Second)/time.Second)
		}
		require.Equal(t, []time.Duration{0, 10, 30, 70, 150}, at, "others may join soon after a start")
		require.Equal(t, 1, a.Status().Lists)
		pass(time.Hour)
		require.Len(t, s.take(), 7, "but a lone box need not hurry")
		s.change(func() { s.others = 3 })
		pass(every)
		require.Len(t, s.take(), 1)
		require.Empty(t, s.log.String())
	})
}

func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(account(1), account(2), "not hexadecimal")
		a := s.announce(t)
		pass(time.Second)
		require.Equal(t, 2, a.Status().Lists)
		require.Equal(t, 1, a.Status().Failing)
		require.Contains(t, a.Status().Error, `account id "not hexadecimal"`)
		s.change(func() { delete(s.accounts, "not hexadecimal") })
		pass(lookEvery)
		require.Zero(t, a.Status().Failing)

		s.change(func() { s.down = true })
		pass(time.Hour)
		require.Equal(t, 2, a.Status().Failing)
		require.Zero(t, a.Status().Lists, "they have expired")
		require.Equal(t, errDown.Error(), a.Status().Error)
		s.take()
		s.change(func() { s.down = false })
		pass(every)
		require.NotEmpty(t, s.take())
		pass(every)
		require.Equal(t, 2, a.Status().Lists)
		require.Empty(t, a.Status().Error)
		require.Equal(t, 2, strings.Count(s.log.String(), `msg="revocation lists are not announced"`), s.log.String())
		require.Equal(t, 2, strings.Count(s.log.String(), `msg="revocation lists are announced again"`), s.log.String())
	})
}

func TestNodesThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []string
		for n := range 3 * parallel {
			all = append(all, account(n))
		}
		s := newSite(all...)
		s.hang = true
		a := s.announce(t)
		pass(putTimeout - time.Second)
		require.Equal(t, parallel, s.lists())
		pass(3 * putTimeout)
		require.Equal(t, len(all), a.Status().Failing)
		s.change(func() { s.hang = false })
		pass(every)
		require.Equal(t, len(all), a.Status().Lists)
	})
}

// TestChangeMeanwhile revokes while the former list is on its way.
func TestChangeMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(account(1))
		s.hang = true
		s.announce(t)
		pass(time.Second)
		s.change(func() { s.hang, s.accounts[account(1)] = false, 2 })
		s.revoked <- struct{}{}
		pass(putTimeout)
		require.Equal(t, []string{account(1) + " 2"}, texts(s.take()))
	})
}
