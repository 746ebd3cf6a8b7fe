// SPDX-License-Identifier: GPL-3.0-or-later

package dht

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// stopTimeout is how long dhtnode may take to write its state and end; it takes
// two seconds.
const stopTimeout = 5 * time.Second

// NotInstalledError is returned when the program of an engine is not there.
type NotInstalledError struct {
	// Program is the name or path that was looked for.
	Program string
}

// Error implements error.
func (e *NotInstalledError) Error() string {
	return e.Program + " is not installed: install the package dhtnode, or set dht.enabled = false"
}

// Permanent reports that trying again soon is pointless.
func (e *NotInstalledError) Permanent() bool { return true }

// dhtnode is the Engine that runs the OpenDHT program as a child process.
type dhtnode struct {
	program   string
	port      uint16
	bootstrap []string
	stateDir  string
	stopAfter time.Duration
	logger    *slog.Logger

	mu   sync.Mutex // guards addr and pid
	addr netip.AddrPort
	pid  int
}

// type check
var _ Engine = (*dhtnode)(nil)

// Addr implements Engine.
func (d *dhtnode) Addr() netip.AddrPort {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.addr
}

// PID implements Engine.
func (d *dhtnode) PID() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pid
}

func (d *dhtnode) running(addr netip.AddrPort, pid int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.addr, d.pid = addr, pid
}

// Run implements Engine. Ready is called when the process was started; it binds
// its sockets a moment later. Any end of the process is an error, whatever its
// exit status: dhtnode gives 0 on failures, too.
func (d *dhtnode) Run(ctx context.Context, ready func()) error {
	program, err := exec.LookPath(d.program)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &NotInstalledError{Program: d.program}
	}
	if err != nil {
		return fmt.Errorf("looking for %s: %w", d.program, err)
	}
	if err := os.MkdirAll(d.stateDir, 0o700); err != nil {
		return fmt.Errorf("making the state folder of the dht node: %w", err)
	}
	port, err := freePort(d.port)
	if err != nil {
		return err
	}

	printed := newOutput(d.logger)
	cmd := exec.CommandContext(ctx, program, d.arguments(port)...)
	cmd.Stdout, cmd.Stderr = printed, printed
	cmd.Env = []string{} // ours may hold secrets, and dhtnode needs nothing of it
	cmd.SysProcAttr = childAttributes()
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	cmd.WaitDelay = d.stopAfter

	// The death signal of Linux comes when the starting thread ends, not the
	// process, so this thread must live as long as the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", program, err)
	}
	d.running(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port), cmd.Process.Pid)
	defer d.running(netip.AddrPort{}, 0)
	ready()

	waitErr := cmd.Wait()
	if err := killRemains(cmd.Process); err != nil {
		return err
	}
	if ctx.Err() != nil {
		d.logger.Info("dht node stopped", "exit", cmd.ProcessState.String())
		return nil
	}
	if cmd.ProcessState == nil {
		return fmt.Errorf("waiting for %s: %w", program, waitErr)
	}
	return fmt.Errorf("%s ended by itself (%s), last output: %s", d.program, cmd.ProcessState, printed.tail())
}

func (d *dhtnode) arguments(port uint16) []string {
	arguments := []string{
		"-s", // else it ends as soon as it finds standard input closed
		"-p", strconv.Itoa(int(port)),
		"-f", filepath.Join(d.stateDir, "dhtnode.state"),
		"-v",
	}
	for _, node := range d.bootstrap {
		arguments = append(arguments, "-b", node)
	}
	return arguments
}
