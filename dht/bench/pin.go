// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"jamibox/appliance/bench/beside"
)

// keepOff leaves a CPU to the node: all threads of this process, also those to
// come, run on the others.
func keepOff(cpu int) error {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return fmt.Errorf("asking for the generator's CPUs: %w", err)
	}
	set.Clear(cpu)
	if set.Count() == 0 {
		return fmt.Errorf("node and generator need a CPU each, and there is but CPU %d", cpu)
	}
	return beside.Pin(&set)
}
