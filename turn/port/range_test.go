// SPDX-License-Identifier: GPL-3.0-or-later

package port

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseRange(t *testing.T) {
	for text, want := range map[string]Range{
		"49152-65535": {49152, 65535},
		"1-1":         {1, 1},
		" 10 - 20 ":   {10, 20},
	} {
		got, err := ParseRange(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "-", "1", "1-", "-1", "0-5", "5-4", "1-65536", "a-b", "1-2-3", "+1-2"} {
		_, err := ParseRange(text)
		require.ErrorContains(t, err, `expected "first-last"`, text)
	}
}

func TestRange(t *testing.T) {
	r := Range{first: 10, last: 12}
	require.Equal(t, 3, r.Size())
	require.Equal(t, "10-12", r.String())
	require.Equal(t, uint16(10), r.First())
	require.Equal(t, uint16(12), r.Last())
	for port, within := range map[uint16]bool{0: false, 9: false, 10: true, 12: true, 13: false} {
		require.Equal(t, within, r.Contains(port), port)
	}
	require.Zero(t, Range{}.Size())
	require.False(t, Range{}.Contains(0))
	require.Equal(t, 65535, Range{first: 1, last: 65535}.Size())
}

func FuzzParseRange(f *testing.F) {
	for _, seed := range []string{"49152-65535", "1-1", "0-0", "-", "99999-1", " 1 - 2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRange(text)
		if err != nil {
			return
		}
		require.Positive(t, r.Size())
		require.True(t, r.Contains(r.First()) && r.Contains(r.Last()))
		again, err := ParseRange(r.String())
		require.NoError(t, err)
		require.Equal(t, r, again)
	})
}
