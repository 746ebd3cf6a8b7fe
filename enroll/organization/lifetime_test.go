// SPDX-License-Identifier: GPL-3.0-or-later

package organization

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLifetime(t *testing.T) {
	hour := Lifetime(time.Hour)
	for text, c := range map[string]struct {
		want    Lifetime
		printed string
	}{
		"90d": {90 * day, "90d"}, "2y": {2 * year, "2y"}, "730d": {2 * year, "2y"}, "36h": {36 * hour, "36h0m0s"}, "48h": {2 * day, "2d"},
		"40s": {Lifetime(40 * time.Second), "40s"}, "1h30m": {hour + hour/2, "1h30m0s"}, "0": {0, "0s"}, "0d": {0, "0s"}, "100y": {100 * year, "100y"},
		"36500d": {100 * year, "100y"}, "876000h": {100 * year, "100y"}, "8760h": {year, "1y"}, "007d": {7 * day, "7d"},
	} {
		var l Lifetime
		require.NoError(t, l.Set(text), text)
		require.Equal(t, c.want, l, text)
		require.Equal(t, c.printed, l.String())
		require.Equal(t, time.Duration(c.want), l.Duration())
		var again Lifetime
		require.NoError(t, again.Set(l.String()))
		require.Equal(t, l, again)
	}
	for _, text := range []string{
		"", "d", "y", "2", "-1d", "-5h", "1.5y", "1d12h", "101y", "36501d", "876001h", "65535y", "65536d", "99999999999y", "1w", "90 d", "٣d", "0x1d", "1e3d", "+2y", "1D",
	} {
		l := 7 * day
		require.ErrorContains(t, l.Set(text), "at most 100y", text)
		require.Equal(t, 7*day, l, "unchanged")
	}
	require.Equal(t, "lifetime", new(Lifetime).Type())
}

func TestLifetimeJSON(t *testing.T) {
	for text, want := range map[string]Lifetime{`"90d"`: 90 * day, `""`: 0, `"36h"`: Lifetime(36 * time.Hour)} {
		var l Lifetime
		require.NoError(t, json.Unmarshal([]byte(text), &l))
		require.Equal(t, want, l)
	}
	for _, text := range []string{`90`, `{}`, `"90"`, `true`, `"200y"`} {
		require.Error(t, json.Unmarshal([]byte(text), new(Lifetime)), text)
	}
}

func FuzzLifetime(f *testing.F) {
	for _, seed := range []string{"90d", "2y", "36h", "-1d", "100y", "1e9h", "0", "1ns", "2562047h47m16.854775807s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var l, again Lifetime
		if l.Set(text) != nil {
			return
		}
		require.GreaterOrEqual(t, l, Lifetime(0))
		require.LessOrEqual(t, l, 100*year)
		require.NoError(t, again.Set(l.String()))
		require.Equal(t, l, again)
		raw, err := json.Marshal(l)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &again))
		require.Equal(t, l, again)
	})
}
