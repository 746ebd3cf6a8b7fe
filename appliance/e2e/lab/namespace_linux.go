// SPDX-License-Identifier: GPL-3.0-or-later

//go:build e2e && linux

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// Namespace is one network namespace of a Lab. It is safe for concurrent use.
type Namespace struct {
	name string
	addr string
}

// Name is the name that the program ip knows the namespace by.
func (n *Namespace) Name() string { return n.name }

// Addr is the IPv4 address of a client namespace on its own network; empty for
// the server's.
func (n *Namespace) Addr() string { return n.addr }

// Command is exec.CommandContext for a program inside the namespace. The
// process id of the started command is the program's own.
func (n *Namespace) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.name, program}, args...)...)
}

// Output runs a program inside the namespace and returns its standard output;
// the error holds what it wrote to standard error.
func (n *Namespace) Output(ctx context.Context, program string, args ...string) (string, error) {
	return output(n.Command(ctx, program, args...))
}

// Run runs a program inside the namespace to its end.
func (n *Namespace) Run(ctx context.Context, program string, args ...string) error {
	_, err := n.Output(ctx, program, args...)
	return err
}

// remove kills what runs in the namespace and deletes it; one that does not
// exist is no error.
func (n *Namespace) remove(ctx context.Context) error {
	names, err := existing(ctx)
	if err != nil {
		return err
	}
	if !names[n.name] {
		return nil
	}
	pids, err := output(exec.CommandContext(ctx, "ip", "netns", "pids", n.name))
	if err != nil {
		return err
	}
	var errs []error
	for _, field := range strings.Fields(pids) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return fmt.Errorf("reading the processes of namespace %s: %w", n.name, err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("ending process %d of namespace %s: %w", pid, n.name, err))
		}
	}
	return errors.Join(append(errs, ip(ctx, "netns", "del", n.name), os.RemoveAll(n.etc()))...)
}

// Sweep removes the namespaces, and the processes in them, of earlier runs
// whose test process is gone. New calls it.
func Sweep(ctx context.Context) error {
	names, err := existing(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for name := range names {
		fields := strings.Split(name, "-")
		if fields[0] != prefix || len(fields) != 4 {
			continue
		}
		pid, err := strconv.Atoi(fields[1])
		if err != nil {
			continue
		}
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); errors.Is(err, os.ErrNotExist) {
			errs = append(errs, (&Namespace{name: name}).remove(ctx))
		}
	}
	return errors.Join(errs...)
}

// existing returns the names of all network namespaces of the machine.
func existing(ctx context.Context) (map[string]bool, error) {
	out, err := output(exec.CommandContext(ctx, "ip", "netns", "list"))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 0 {
			names[fields[0]] = true
		}
	}
	return names, nil
}

func ip(ctx context.Context, args ...string) error {
	_, err := output(exec.CommandContext(ctx, "ip", args...))
	return err
}

func output(cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("running %s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
