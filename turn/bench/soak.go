// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"jamibox/turn/bench/server"
	"jamibox/turn/bench/soak"
)

func soaked(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	s := soak.Soak{Out: os.Stdout}
	flags.DurationVar(&s.For, "for", 30*time.Minute, "length of the mixed load")
	flags.IntVar(&s.Cycles, "cycles", 10_000, "allocations made and released before the mixed load")
	flags.IntVar(&s.Vanish, "vanish", 1000, "clients that vanish before the mixed load")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	relay, err := server.StartJamibox(ctx, server.Settings{CPUs: []int{generatorCPU, relayCPU}, Ports: soak.Ports})
	if err != nil {
		return err
	}
	err = s.Run(ctx, relay)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, relay.Log())
	}
	return errors.Join(err, relay.Stop())
}
