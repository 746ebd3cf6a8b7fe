// SPDX-License-Identifier: GPL-3.0-or-later

package beside

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

const (
	// Quiet is how much of one CPU other programs may take on a quiet machine.
	Quiet = 0.10
	// userHz is the unit of /proc/stat, which the kernel fixes for programs.
	userHz = 100
)

// Undisturbed measures, and returns with it the share of one CPU that programs
// other than this and the measured process took meanwhile.
func Undisturbed(pid int, measure func() ([]float64, error)) ([]float64, float64, error) {
	start := time.Now()
	before, err := others(pid)
	if err != nil {
		return nil, 0, err
	}
	values, err := measure()
	if err != nil {
		return nil, 0, err
	}
	after, err := others(pid)
	return values, max(0, (after-before).Seconds()/time.Since(start).Seconds()), err
}

// Calm waits until other programs leave the machine alone for a second, or until
// it waited for long enough.
func Calm(ctx context.Context, limit time.Duration) error {
	start, before := time.Now(), time.Duration(-1)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		total, err := busy()
		if err != nil {
			return err
		}
		own, err := OwnCPU()
		if err != nil {
			return err
		}
		now := total - own
		if before >= 0 && (now-before).Seconds() < Quiet || time.Since(start) > limit {
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

// others returns the CPU time that the machine spent so far, without this and the
// measured process.
func others(pid int) (time.Duration, error) {
	total, err := busy()
	if err != nil {
		return 0, err
	}
	measured, err := CPU(pid)
	if err != nil {
		return 0, err
	}
	own, err := OwnCPU()
	return total - measured - own, err
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
