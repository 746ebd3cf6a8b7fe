// SPDX-License-Identifier: GPL-3.0-or-later

package beside

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the time that all threads of a process have run for, those that
// ended included, in user and kernel mode.
func CPU(pid int) (time.Duration, error) {
	// A process's clock, as clock_getcpuclockid(3) makes its number.
	const scheduler = 2
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &spent); err != nil {
		return 0, fmt.Errorf("reading the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(spent.Nano()), nil
}

// OwnCPU is CPU of this process.
func OwnCPU() (time.Duration, error) {
	var spent unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &spent); err != nil {
		return 0, fmt.Errorf("reading the generator's CPU clock: %w", err)
	}
	return time.Duration(spent.Nano()), nil
}

// RSS returns the resident memory of a process in bytes, that of its files
// included.
func RSS(pid int) (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	status, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == "VmRSS:" {
			kib, err := strconv.ParseInt(string(fields[1]), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no VmRSS", path)
}
