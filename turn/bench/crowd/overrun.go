// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package crowd

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// overrun returns how many UDP packets the namespace lost so far because the
// buffer of their socket was full.
func overrun() (uint64, error) {
	const path = "/proc/self/net/snmp"
	counters, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var names [][]byte
	for line := range bytes.Lines(counters) {
		fields := bytes.Fields(line)
		if len(fields) == 0 || string(fields[0]) != "Udp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, name := range names {
			if string(name) == "RcvbufErrors" {
				return strconv.ParseUint(string(fields[i]), 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("%s has no RcvbufErrors of UDP", path)
}
