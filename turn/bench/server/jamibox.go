// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"context"
	"fmt"
	"net/rpc"
	"os"
	"strconv"
)

// Jamibox is jamibox's relay in a process of its own, which also tells what
// only it can know of itself.
type Jamibox struct {
	*Process
	control *rpc.Client
}

// Settings are what StartJamibox may be asked for.
type Settings struct {
	CPUs []int
	// Ports is the range of relayed ports; "" leaves it to jamibox.
	Ports string
}

// StartJamibox starts jamibox's relay. It needs RunIfAsked at the start of the
// calling program.
func StartJamibox(ctx context.Context, s Settings) (*Jamibox, error) {
	p, err := start(ctx, s.CPUs, "/proc/"+strconv.Itoa(os.Getpid())+"/exe", runArg, s.Ports)
	if err != nil {
		return nil, err
	}
	creds, err := credentials()
	if err != nil {
		return nil, err
	}
	p.Credentials = func(i int) (string, string) { return creds.For(Device(i)) }
	return &Jamibox{Process: p, control: rpc.NewClient(duplex{p.stdout, p.stdin})}, nil
}

// Device is the name of the i-th device.
func Device(i int) string { return fmt.Sprintf("device %d", i) }

// Counts returns the present state of the relay.
func (j *Jamibox) Counts() (Counts, error) {
	var counts Counts
	return counts, j.control.Call("Control.Counts", Nothing{}, &counts)
}

// Deny refuses the i-th device from now on, and ends what it has open.
func (j *Jamibox) Deny(i int) error {
	return j.control.Call("Control.Deny", Device(i), &Nothing{})
}

// Allow takes back Deny.
func (j *Jamibox) Allow(i int) error {
	return j.control.Call("Control.Allow", Device(i), &Nothing{})
}

// Profile writes a CPU profile to a file until it is called with "".
func (j *Jamibox) Profile(path string) error {
	return j.control.Call("Control.Profile", path, &Nothing{})
}

// FreeMemory lets the relay give back the memory that it does not use.
func (j *Jamibox) FreeMemory() error {
	return j.control.Call("Control.FreeMemory", Nothing{}, &Nothing{})
}
