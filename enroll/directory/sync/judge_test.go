// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/enroll/organization"
)

func TestIncredible(t *testing.T) {
	for _, test := range []struct {
		name string
		c    census
		stop bool
	}{
		{"nobody", census{people: 0, accounts: 0}, false},
		{"nobody barred of an empty directory", census{people: 0, accounts: 50}, false},
		{"one of an empty directory", census{people: 0, accounts: 1, bars: 1}, true},
		{"the only one", census{people: 5, accounts: 1, bars: 1}, false},
		{"both", census{people: 5, accounts: 2, bars: 2}, false},
		{"all three", census{people: 5, accounts: 3, bars: 3}, true},
		{"half of eight", census{people: 8, accounts: 8, bars: 4}, false},
		{"more than half of eight", census{people: 8, accounts: 8, bars: 5}, true},
		{"ten of twenty", census{people: 20, accounts: 20, bars: 10}, false},
		{"eleven of a hundred", census{people: 100, accounts: 100, bars: 11}, true},
		{"ten of a hundred", census{people: 100, accounts: 100, bars: 10}, false},
		{"eleven of 110", census{people: 110, accounts: 110, bars: 11}, false},
		{"a thousand of 100000", census{people: 99000, accounts: 100000, bars: 1000}, false},
		{"10001 of 100000", census{people: 99000, accounts: 100000, bars: 10001}, true},
		{"new configuration/one of eight", census{people: 8, accounts: 8, bars: 1, changed: true}, true},
		{"new configuration/one of twenty", census{people: 20, accounts: 20, bars: 1, changed: true}, false},
		{"new configuration/three of twenty", census{people: 20, accounts: 20, bars: 3, changed: true}, true},
	} {
		why := DefaultSettings().incredible(test.c, false)
		require.Equal(t, test.stop, why != "", "%s: %s", test.name, why)
		why = DefaultSettings().incredible(test.c, true)
		require.Equal(t, test.stop && test.c.people == 0, why != "", "%s, accepted: %s", test.name, why)
	}
}

func TestGraceFrom(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	from := now.Add(-5 * 24 * time.Hour)
	settings := DefaultSettings()
	ended := func(ago time.Duration) *Report {
		at := now.Add(-ago)
		return &Report{StartedAt: at.Add(-time.Minute), EndedAt: &at, GraceFrom: from}
	}
	for _, test := range []struct {
		name string
		last *Report
		want time.Time
	}{
		{"first run", nil, now},
		{"as always", ended(15 * time.Minute), from},
		{"a day off", ended(23 * time.Hour), from},
		{"the clock leaped, or the box was off", ended(25 * time.Hour), now},
		{"a year", ended(366 * 24 * time.Hour), now},
		{"the clock went back", ended(-time.Hour), now},
		{"a second back", ended(-time.Second), from},
		{"counted from a future", &Report{StartedAt: now.Add(-time.Minute), GraceFrom: now.Add(time.Hour)}, now},
	} {
		require.Equal(t, test.want, graceFrom(test.last, now, settings), test.name)
	}
	settings.Interval = organization.Lifetime(7 * 24 * time.Hour)
	require.Equal(t, from, graceFrom(ended(8*24*time.Hour), now, settings), "a long interval is no leap")
}

func TestSettings(t *testing.T) {
	f := newFixture(t)
	s, err := f.job.Settings(t.Context())
	require.NoError(t, err)
	require.Equal(t, DefaultSettings(), s)
	s.Grace = organization.Lifetime(24 * time.Hour)
	require.NoError(t, f.job.SetSettings(t.Context(), s))
	again, err := f.job.Settings(t.Context())
	require.NoError(t, err)
	require.Equal(t, s, again)

	err = f.job.SetSettings(t.Context(), Settings{Interval: 1, Grace: -1, AlarmAccounts: -1, AlarmPercent: 101})
	require.ErrorIs(t, err, ErrInvalid)
	for _, field := range []string{"interval", "grace", "alarm_accounts", "alarm_percent"} {
		require.ErrorContains(t, err, field+":")
	}
}
