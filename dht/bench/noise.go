// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"jamibox/dht/bench/server"
)

// userHz is the unit of /proc/stat, which the kernel fixes for programs.
const userHz = 100

// undisturbed measures, and returns with it the share of one CPU that
// programs other than node and generator took meanwhile.
func undisturbed(p *server.Process, measure func() ([]float64, error)) ([]float64, float64, error) {
	start := time.Now()
	before, err := others(p)
	if err != nil {
		return nil, 0, err
	}
	values, err := measure()
	if err != nil {
		return nil, 0, err
	}
	after, err := others(p)
	return values, max(0, (after-before).Seconds()/time.Since(start).Seconds()), err
}

// others returns the CPU time that the machine spent so far, without this
// process and the node.
func others(p *server.Process) (time.Duration, error) {
	total, err := busy()
	if err != nil {
		return 0, err
	}
	node, err := p.Spent()
	if err != nil {
		return 0, err
	}
	var own unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &own); err != nil {
		return 0, fmt.Errorf("reading the generator's CPU clock: %w", err)
	}
	return total - node - time.Duration(own.Nano()), nil
}

// busy returns how long the CPUs were not idle, that stolen by other machines
// included.
func busy() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := bytes.Fields(line)
	const idle, iowait, steal = 4, 5, 8
	if len(fields) <= steal {
		return 0, errors.New("/proc/stat has too few fields")
	}
	var ticks int64
	for i := 1; i <= steal; i++ {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading /proc/stat: %w", err)
		}
		if i != idle && i != iowait {
			ticks += n
		}
	}
	return time.Duration(ticks) * time.Second / userHz, nil
}
