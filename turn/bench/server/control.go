// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"

	"jamibox/turn"
	"jamibox/turn/credential"
)

// Counts is what must return to where it was once all clients are gone.
type Counts struct {
	Goroutines int
	turn.Held
}

// Nothing is the argument or answer of a call that has none.
type Nothing struct{}

// Control is what the measuring process may ask of jamibox's relay, called
// through net/rpc.
type Control struct {
	relay   *turn.Server
	creds   *credential.Credentials
	profile *os.File
}

// Counts returns the present state.
func (c *Control) Counts(_ Nothing, counts *Counts) error {
	*counts = Counts{Goroutines: runtime.NumGoroutine(), Held: c.relay.Held()}
	return nil
}

// Deny refuses a device.
func (c *Control) Deny(device string, _ *Nothing) error {
	c.creds.Deny(device)
	return nil
}

// Allow takes back Deny.
func (c *Control) Allow(device string, _ *Nothing) error {
	c.creds.Allow(device)
	return nil
}

// FreeMemory gives unused memory back, so that what stays resident is in use.
func (c *Control) FreeMemory(Nothing, *Nothing) error {
	debug.FreeOSMemory()
	return nil
}

// Profile starts a CPU profile in a file, or ends it for "" and adds a heap
// profile beside it.
func (c *Control) Profile(path string, _ *Nothing) error {
	if path != "" {
		var err error
		if c.profile, err = os.Create(path); err != nil {
			return err
		}
		return pprof.StartCPUProfile(c.profile)
	}
	if c.profile == nil {
		return errors.New("no profile is being taken")
	}
	pprof.StopCPUProfile()
	heap, err := os.Create(c.profile.Name() + ".heap")
	if err != nil {
		return err
	}
	return errors.Join(pprof.WriteHeapProfile(heap), heap.Close(), c.profile.Close())
}
