// SPDX-License-Identifier: GPL-3.0-or-later

package beside

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		goal         Goal
		ours, theirs []float64
		want         string
	}{
		"at least/reached": {AtLeast(1), []float64{9, 2, 1}, []float64{2, 1, 5}, "at least 1 reached"},
		"at least/missed":  {AtLeast(1), []float64{1, 1.9, 9}, []float64{1, 2, 5}, "at least 1 MISSED"},
		"at most/reached":  {AtMost(1.3), []float64{9, 1.3, 1}, []float64{1, 1, 5}, "at most 1.3 reached"},
		"at most/missed":   {AtMost(1.3), []float64{1, 1.4, 9}, []float64{1, 1, 5}, "at most 1.3 MISSED"},
		"within/reached":   {Within(100), []float64{90, 100}, nil, "at most 100 MB reached"},
		"within/missed":    {Within(100), []float64{100, 102}, []float64{1}, "at most 100 MB MISSED"},
		"no goal":          {Goal{}, []float64{1}, []float64{1}, ""},
		"not measured":     {AtLeast(1), []float64{1}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, Figure{Unit: "MB", Goal: c.goal}.verdict(c.ours, c.theirs))
		})
	}
}

func TestSpan(t *testing.T) {
	require.Equal(t, "-", span(nil))
	require.Equal(t, "1.23", span([]float64{1.234}))
	require.Equal(t, "150 (100..1000)", span([]float64{1000, 100, 100, 200}))
}

func TestPrint(t *testing.T) {
	table := NewTable("box", "peer", []Row{{"speed", []Figure{{"rate", "1/s", AtLeast(1)}}}, {"not measured", []Figure{{"rate", "1/s", Goal{}}}}})
	table.Add(0, Ours, []float64{30}, 0.5)
	table.Add(0, Theirs, []float64{20}, 0)
	var text strings.Builder
	require.NoError(t, table.Print(&text))
	require.Contains(t, text.String(), "up to 1 rounds (lowest..highest); other programs took at most 50% of a CPU")
	for _, want := range []string{"box", "peer", "speed", "1.50", "at least 1 reached"} {
		require.Contains(t, text.String(), want)
	}
	require.NotContains(t, text.String(), "not measured")
}
