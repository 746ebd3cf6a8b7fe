// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// The exit codes of all commands.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitNotRunning = 3
)

// version is set when a release is built.
var version = "development"

// garbage is how much may gather before it is collected, in percent of the memory
// in use: half of Go's default, because a relay with thousands of allocations
// holds much and wastes little. The environment variable GOGC counts more.
const garbage = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	// The second signal ends the process at once: the first one's handler is
	// gone by then.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(os.Stderr, "jamibox:", err)
	var usage usageError
	switch {
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "See 'jamibox --help'.")
		return exitUsage
	case errors.Is(err, errNotRunning), errors.Is(err, errNotSetUp):
		return exitNotRunning
	}
	return exitFailed
}
