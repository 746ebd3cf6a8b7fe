// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package netns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// inside is the environment variable by which the program knows that it runs
// in the namespace already.
const inside = "JAMIBOX_BENCH_NAMESPACE"

// ErrRoot tells that the user may not make network namespaces.
var ErrRoot = errors.New("network namespaces need root: run as root, in a system that permits them")

// Enter runs the program once more, with the same arguments, in a network
// namespace for clients and peers, and returns its exit code once it ended.
// In the program inside it returns entered = true at once, with the addresses
// of Clients, Vanishing and Peers in place.
func Enter(ctx context.Context) (entered bool, code int, err error) {
	if os.Getenv(inside) != "" {
		return true, 0, populate(ctx)
	}
	if os.Geteuid() != 0 {
		return false, 1, ErrRoot
	}
	// The kernel sends Pdeathsig when the thread ends that started the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Args[0] = os.Args[0]
	again.Env = append(os.Environ(), inside+"=1")
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err = again.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return false, exit.ExitCode(), nil
	case errors.Is(err, syscall.EPERM):
		return false, 1, ErrRoot
	case err != nil:
		return false, 1, fmt.Errorf("starting in a network namespace: %w", err)
	}
	return false, 0, nil
}

// populate makes whole networks local: a socket can then send from, and
// receive at, any address of them.
func populate(ctx context.Context) error {
	if err := ip(ctx, "link set lo up"); err != nil {
		return err
	}
	for _, network := range []netip.Prefix{Clients(), Vanishing(), Peers()} {
		if err := ip(ctx, "route replace local %s dev lo", network); err != nil {
			return err
		}
	}
	return nil
}

// Silence makes the addresses of Vanishing drop off the network: from now on
// nothing answers there, not even with a refusal.
func Silence(ctx context.Context) error {
	if err := ip(ctx, "route del local %s dev lo", Vanishing()); err != nil {
		return err
	}
	return ip(ctx, "route add blackhole %s", Vanishing())
}

func ip(ctx context.Context, format string, args ...any) error {
	return run(ctx, "ip", strings.Fields(fmt.Sprintf(format, args...))...)
}

func run(ctx context.Context, program string, args ...string) error {
	output, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("running %s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}
