// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"jamibox/appliance/bench/beside"
	"jamibox/dht/wire"
)

// OnCPU is the CPU that nodes run on.
const OnCPU = 1

// startup is how long a node may take until it answers.
const startup = 20 * time.Second

// Kind is one of the nodes that are measured.
type Kind string

// The nodes.
const (
	Builtin Kind = "builtin"
	Dhtnode Kind = "dhtnode"
	// Limited is the builtin node with the limits that it has in a box.
	Limited Kind = "limited"
)

// ErrNoDhtnode is returned when the reference is not installed.
var ErrNoDhtnode = errors.New("dhtnode is not installed (Debian package dhtnode)")

// Process is a running node. It is for one goroutine.
type Process struct {
	addr   netip.AddrPort
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{}
}

// Start runs a node that knows nobody, and has no limits unless it is Limited,
// until it is stopped. It returns once the node answers. The caller's thread must
// live on: the node is killed with it.
func Start(ctx context.Context, kind Kind) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &Process{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port), ended: make(chan struct{})}
	command := []string{"/proc/self/exe", runArg, string(kind), strconv.Itoa(int(port))}
	if kind == Dhtnode {
		if _, err := exec.LookPath("dhtnode"); err != nil {
			return nil, ErrNoDhtnode
		}
		command = []string{"dhtnode", "-s", "-U", "-p", strconv.Itoa(int(port))}
	} else if command[0], err = os.Executable(); err != nil {
		return nil, err
	}
	p.cmd = exec.Command("taskset", append([]string{"-c", strconv.Itoa(OnCPU)}, command...)...)
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	p.cmd.Stderr = &p.stderr
	// An interrupt from the terminal is for the caller, who stops the process.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", kind, err)
	}
	go func() {
		_ = p.cmd.Wait() // it never ends by itself but by an error, which it logs
		close(p.ended)
	}()
	if err := p.awaitAnswer(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", kind, err), p.Stop())
	}
	return p, nil
}

// freePort returns a port that no program has, below those that the system gives
// to sockets that ask for any, such as the generator's.
func freePort() (uint16, error) {
	const first, choice, tries = 20000, 10000, 100
	var err error
	for range tries {
		port := first + rand.IntN(choice)
		var socket *net.UDPConn
		if socket, err = net.ListenUDP("udp", &net.UDPAddr{Port: port}); err == nil {
			return uint16(port), socket.Close()
		}
	}
	return 0, fmt.Errorf("looking for a free udp port: %w", err)
}

func (p *Process) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := p.ping()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer at %s: %w", p.addr, err)
		case <-p.ended:
			return fmt.Errorf("the program ended: %s", p.stderr.String())
		case <-again.C:
		}
	}
}

func (p *Process) ping() error {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(p.addr))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		return err
	}
	if _, err := conn.Write(wire.AppendPing(nil, wire.Header{Transaction: 1, Sender: wire.ID{1}, Client: true})); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, wire.MaxDatagram))
	return err
}

// Addr is where the node listens.
func (p *Process) Addr() netip.AddrPort { return p.addr }

// CPU returns the time that the process has run for.
func (p *Process) CPU() (time.Duration, error) { return beside.CPU(p.cmd.Process.Pid) }

// RSS returns the resident memory of the process in bytes.
func (p *Process) RSS() (int64, error) { return beside.RSS(p.cmd.Process.Pid) }

// Undisturbed measures the node, and returns with it the share of a CPU that other
// programs took meanwhile.
func (p *Process) Undisturbed(measure func() ([]float64, error)) ([]float64, float64, error) {
	return beside.Undisturbed(p.cmd.Process.Pid, measure)
}

// Stop ends the process.
func (p *Process) Stop() error {
	err := p.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-p.ended
	return err
}
