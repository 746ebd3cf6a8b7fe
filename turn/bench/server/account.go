// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"jamibox/appliance/bench/beside"
)

// CPU returns the time that the process has run for.
func (p *Process) CPU() (time.Duration, error) { return beside.CPU(p.cmd.Process.Pid) }

// RSS returns the resident memory of the process in bytes.
func (p *Process) RSS() (int64, error) { return beside.RSS(p.cmd.Process.Pid) }

// Undisturbed measures the relay, and returns with it the share of a CPU that other
// programs took meanwhile.
func (p *Process) Undisturbed(measure func() ([]float64, error)) ([]float64, float64, error) {
	return beside.Undisturbed(p.cmd.Process.Pid, measure)
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
