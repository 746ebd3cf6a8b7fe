// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"jamibox/appliance/e2e/lab"
)

// ErrKilled tells that a program did not end when it was asked to.
var ErrKilled = errors.New("it did not end in time and was killed")

// Process is a program that runs until it is told to stop.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // set before done is closed
}

// Start runs a program inside a namespace with exactly this environment; its
// output is appended to the log.
func Start(n *lab.Namespace, log Log, env []string, program string, args ...string) (*Process, error) {
	out, err := os.OpenFile(string(log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := n.Command(context.Background(), program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the program ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how a program ended that is Done: nil with exit code 0.
func (p *Process) Err() error { return p.err }

// Stop asks the program to end and waits for it. After the grace time it is
// killed, and the error is ErrKilled; its exit code is no error.
func (p *Process) Stop(grace time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.done
	return fmt.Errorf("process %d, after %s: %w", p.cmd.Process.Pid, grace, ErrKilled)
}
