// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"jamibox/turn/bench/netns"
	"jamibox/turn/bench/server"
)

const usage = `usage: bench figures [flags]   measures jamibox's relay beside coturn
       bench soak [flags]      keeps jamibox's relay under a mixed load
       bench figures -h        shows the flags`

func main() {
	server.RunIfAsked()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:])
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("stopped: %w", context.Cause(ctx)) // names the signal
	}
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (int, error) {
	commands := map[string]func(context.Context, []string) error{"figures": figures, "soak": soaked}
	if len(args) == 0 || commands[args[0]] == nil {
		return 2, errors.New(usage)
	}
	entered, code, err := netns.Enter(ctx)
	if !entered || err != nil {
		return code, err
	}
	return 0, commands[args[0]](ctx, args[1:])
}
