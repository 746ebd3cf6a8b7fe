// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package sound

import (
	"math"
	"slices"
)

// Recording are samples of one channel.
type Recording []int16

// Silent reports whether nothing at all was played.
func (r Recording) Silent() bool {
	return !slices.ContainsFunc(r, func(sample int16) bool { return sample != 0 })
}

// block is how many samples are looked at at a time: a call stretches and skips
// sound to keep up, so that a tone is in step with itself for a moment only.
const block = rate / 50

// Share is how much of the power of a recording lies in a tone, from 0 for
// none to 1 for nothing else; 0 for silence. Tones 50 Hz apart are told apart.
func (r Recording) Share(hertz int) float64 {
	var total, tone float64
	step := 2 * math.Pi * float64(hertz) / rate
	for part := range slices.Chunk(r, block) {
		var cos, sin float64
		for i, s := range part {
			v := float64(s)
			total += v * v
			cos += v * math.Cos(step*float64(i))
			sin += v * math.Sin(step*float64(i))
		}
		tone += 2 * (cos*cos + sin*sin) / float64(len(part))
	}
	if total == 0 {
		return 0
	}
	return tone / total
}
