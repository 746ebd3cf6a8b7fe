// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"jamibox/turn/bench/server"
)

const (
	// userHz is the unit of /proc/stat, which the kernel fixes for programs.
	userHz = 100
	// quiet is how much of one CPU other programs may take.
	quiet = 0.10
	// longest is how long to wait for a quiet machine before one measurement.
	longest = 30 * time.Second
)

// undisturbed measures, and returns with it the share of one CPU that
// programs other than relay and generator took meanwhile.
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

// calm waits until other programs leave the machine alone for a second, or
// until it waited for long enough.
func calm(ctx context.Context, limit time.Duration) error {
	start, before := time.Now(), time.Duration(-1)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		total, err := busy()
		if err != nil {
			return err
		}
		own, err := generator()
		if err != nil {
			return err
		}
		now := total - own
		if before >= 0 && (now-before).Seconds() < quiet || time.Since(start) > limit {
			return nil
		}
		before = now
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-second.C:
		}
	}
}

// others returns the CPU time that the machine spent so far, without this
// process and the relay.
func others(p *server.Process) (time.Duration, error) {
	total, err := busy()
	if err != nil {
		return 0, err
	}
	relay, err := p.CPU()
	if err != nil {
		return 0, err
	}
	own, err := generator()
	return total - relay - own, err
}

// generator returns the CPU time of this process.
func generator() (time.Duration, error) {
	var spent unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &spent); err != nil {
		return 0, fmt.Errorf("reading the generator's CPU clock: %w", err)
	}
	return time.Duration(spent.Nano()), nil
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

// pin keeps all threads of this process, also those to come, on some CPUs.
func pin(set *unix.CPUSet) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, set); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("pinning the generator: %w", err)
		}
	}
	runtime.GOMAXPROCS(set.Count())
	return nil
}
