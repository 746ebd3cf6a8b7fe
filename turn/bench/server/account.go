// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the time that all threads of the process have run for, those
// that ended included, in user and kernel mode.
func (p *Process) CPU() (time.Duration, error) {
	// A process's clock, as clock_getcpuclockid(3) makes its number.
	const scheduler = 2
	var spent unix.Timespec
	if err := unix.ClockGettime(int32(^p.cmd.Process.Pid<<3|scheduler), &spent); err != nil {
		return 0, fmt.Errorf("reading the CPU clock of process %d: %w", p.cmd.Process.Pid, err)
	}
	return time.Duration(spent.Nano()), nil
}

// RSS returns the resident memory in bytes, that of its files included.
func (p *Process) RSS() (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
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

// Descriptors returns how many file descriptors the process has open.
func (p *Process) Descriptors() (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	return len(entries), err
}

// Sockets returns how many UDP and TCP sockets are bound or connected in the
// namespace of the process, which has it for itself.
func (p *Process) Sockets() (int, error) {
	// A connection that is over but whose port the kernel keeps for a while.
	const timeWait = "06"
	count := 0
	for _, table := range []string{"udp", "udp6", "tcp", "tcp6"} {
		sockets, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", p.cmd.Process.Pid, table))
		if err != nil {
			return 0, err
		}
		for line := range bytes.Lines(sockets) {
			if fields := bytes.Fields(line); len(fields) > 3 && string(fields[3]) != "st" && string(fields[3]) != timeWait {
				count++
			}
		}
	}
	return count, nil
}
