// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package dht

import (
	"os"
	"syscall"
)

// childAttributes asks for nothing special: process groups and a death signal
// tied to the parent are there on Linux only.
func childAttributes() *syscall.SysProcAttr { return nil }

// terminate ends the child at once; there is no portable way to ask it.
func terminate(p *os.Process) error { return p.Kill() }

// killRemains has nothing to do where the child has no group of its own.
func killRemains(*os.Process) error { return nil }
