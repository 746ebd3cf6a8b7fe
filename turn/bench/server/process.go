// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/pion/stun/v2"
	"golang.org/x/sys/unix"

	"jamibox/turn/bench/netns"
)

const (
	port    = 3478
	startup = 20 * time.Second
	realm   = "bench.test"
)

// Process is a running relay. Its methods are safe for concurrent use.
type Process struct {
	// Credentials returns user name and password of the i-th device.
	Credentials func(i int) (username, password string)

	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	stderr log
	ended  chan struct{}
	stop   sync.Once
}

// start runs a program that listens at Addr, on the given CPUs only. It waits
// for its network before it begins, and the function returns once it answers.
func start(ctx context.Context, cpus []int, program string, args ...string) (*Process, error) {
	p := &Process{ended: make(chan struct{})}
	p.cmd = exec.Command("sh", append([]string{"-c", `read go && exec "$0" "$@"`, program}, args...)...)
	// An interrupt from the terminal is for the caller, who stops the process.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = &p.stderr
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.stdout, err = p.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	go func() {
		_ = p.cmd.Wait() // it never ends by itself but by an error, which it logs
		close(p.ended)
	}()
	if err := p.begin(ctx, cpus); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", program, err), p.Stop())
	}
	return p, nil
}

func (p *Process) begin(ctx context.Context, cpus []int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	if err := unix.SchedSetaffinity(p.cmd.Process.Pid, &set); err != nil {
		return fmt.Errorf("pinning to CPUs %v: %w", cpus, err)
	}
	if err := netns.Link(ctx, p.cmd.Process.Pid); err != nil {
		return err
	}
	if _, err := io.WriteString(p.stdin, "go\n"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	if err := p.answers(ctx, "udp"); err != nil {
		return err
	}
	return p.answers(ctx, "tcp")
}

// Addr is where a relay listens, over UDP and TCP.
func Addr() netip.AddrPort { return netip.AddrPortFrom(netns.Relay(), port) }

// answers asks until the relay answers a Binding request.
func (p *Process) answers(ctx context.Context, network string) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := ask(network)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer at %s over %s: %w", Addr(), network, err)
		case <-p.ended:
			return fmt.Errorf("the program ended: %s", p.stderr.String())
		case <-again.C:
		}
	}
}

func ask(network string) error {
	conn, err := net.Dial(network, Addr().String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		return err
	}
	if _, err := conn.Write(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 512))
	return err
}

// Log returns what the process wrote to its standard error so far.
func (p *Process) Log() string { return p.stderr.String() }

// Stop ends the process and removes its network; further calls do nothing.
func (p *Process) Stop() error {
	var err error
	p.stop.Do(func() {
		if err = p.cmd.Process.Kill(); errors.Is(err, os.ErrProcessDone) {
			err = nil
		}
		<-p.ended
		err = errors.Join(err, netns.Unlink(context.Background()))
	})
	return err
}
