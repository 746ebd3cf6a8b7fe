// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
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
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("pinning the generator: %w", err)
		}
	}
	return nil
}
