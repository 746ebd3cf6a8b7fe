// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"time"

	"jamibox/appliance/bench/beside"
	"jamibox/dht/bench/server"
)

// options are what the figures are taken with.
type options struct {
	rounds   int
	duration time.Duration // of each load
	values   []int         // stored, at which memory is looked at
}

func main() {
	// The nodes are killed when the thread ends that started them.
	runtime.LockOSThread()
	server.RunIfAsked()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	cancel()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	o := options{values: []int{10_000, 100_000}}
	flags.IntVar(&o.rounds, "rounds", 5, "measurements of each node and row, of which the median counts")
	flags.DurationVar(&o.duration, "duration", 2*time.Second, "length of each load")
	pattern := flags.String("rows", "", "regular expression of the rows to measure")
	quick := flags.Bool("quick", false, "one short round, for a first look")
	soakFor := flags.Duration("soak", 0, "instead, load the builtin node for so long and look whether it grows")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *quick {
		o.rounds, o.duration = 1, 300*time.Millisecond
	}
	if *soakFor > 0 {
		return soak(ctx, os.Stdout, *soakFor)
	}
	wanted, err := regexp.Compile(*pattern)
	if err != nil {
		return fmt.Errorf("reading -rows: %w", err)
	}
	chosen := slices.DeleteFunc(rows(o), func(r row) bool { return !wanted.MatchString(r.Name) })
	if len(chosen) == 0 {
		return fmt.Errorf("no row matches %q", *pattern)
	}
	if err := keepOff(server.OnCPU); err != nil {
		return err
	}
	t, err := measure(ctx, chosen, o)
	fmt.Printf("loads of %s, %d CPUs; node on CPU %d, generator on the others\n", o.duration, runtime.NumCPU(), server.OnCPU)
	return errors.Join(err, t.Print(os.Stdout))
}

// sides are the nodes in the order of the table's columns.
var sides = [...]server.Kind{beside.Ours: server.Builtin, beside.Theirs: server.Dhtnode}

// measure takes every row of both nodes in turn, round by round, so that what
// changes on the machine changes for both.
func measure(ctx context.Context, rows []row, o options) (*beside.Table, error) {
	var lines []beside.Row
	for _, r := range rows {
		lines = append(lines, r.Row)
	}
	t := beside.NewTable(string(server.Builtin), string(server.Dhtnode), lines)
	for round := range o.rounds {
		for i, r := range rows {
			for side, kind := range sides {
				if ctx.Err() != nil {
					return t, ctx.Err()
				}
				fmt.Fprintf(os.Stderr, "round %d of %d: %s, %s\n", round+1, o.rounds, r.Name, kind)
				values, noise, err := r.once(ctx, kind, o)
				if err != nil {
					return t, fmt.Errorf("measuring %s of %s: %w", r.Name, kind, err)
				}
				t.Add(i, beside.Side(side), values, noise)
			}
		}
	}
	return t, nil
}

// once starts a node, measures and stops it.
func (r row) once(ctx context.Context, kind server.Kind, o options) ([]float64, float64, error) {
	p, err := server.Start(ctx, kind)
	if err != nil {
		return nil, 0, err
	}
	values, noise, err := p.Undisturbed(func() ([]float64, error) { return r.measure(ctx, p, o) })
	return values, noise, errors.Join(err, p.Stop())
}
