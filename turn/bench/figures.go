// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"jamibox/turn/bench/server"
)

// The machine's CPUs. The generator keeps the first.
const (
	generatorCPU = 0
	relayCPU     = 1
)

// options are what the figures are taken with.
type options struct {
	rounds   int
	duration time.Duration // of each load
	attempts int           // at each measurement, when others disturb it
	patience time.Duration // for a quiet machine and for further attempts, in all
	clients  int           // of each UDP load
	many     int           // allocations of the memory row
	profiles string        // folder for CPU profiles of jamibox; "" is none
}

func figures(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("figures", flag.ContinueOnError)
	o := options{}
	flags.IntVar(&o.rounds, "rounds", 5, "measurements of each relay and row, of which the median counts")
	flags.DurationVar(&o.duration, "duration", 2*time.Second, "length of each load")
	flags.IntVar(&o.attempts, "attempts", 3, "attempts at each measurement while other programs disturb it")
	flags.DurationVar(&o.patience, "patience", 8*time.Minute, "time to spend on waiting for a quiet machine and on further attempts, in all")
	flags.IntVar(&o.clients, "clients", 100, "clients of each UDP load")
	flags.IntVar(&o.many, "allocations", 5000, "allocations of the memory row")
	flags.StringVar(&o.profiles, "profiles", "", "folder for CPU profiles of jamibox")
	pattern := flags.String("rows", "", "regular expression of the rows to measure")
	quick := flags.Bool("quick", false, "one short round, for a first look")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if *quick {
		o.rounds, o.duration, o.attempts = 1, time.Second, 1
	}
	wanted, err := regexp.Compile(*pattern)
	if err != nil {
		return fmt.Errorf("reading -rows: %w", err)
	}
	var set unix.CPUSet
	set.Set(generatorCPU)
	if err := pin(&set); err != nil {
		return err
	}
	chosen := slices.DeleteFunc(rows(o), func(r row) bool { return !wanted.MatchString(r.name) })
	t, err := measure(ctx, chosen, o)
	t.print(os.Stdout, o)
	return err
}

// measure takes every row of both relays in turn, round by round, so that what
// changes on the machine changes for both.
func measure(ctx context.Context, rows []row, o options) (*table, error) {
	t := newTable(rows)
	left := o.patience
	for round := range o.rounds {
		for i, r := range rows {
			for _, kind := range []relay{jamibox, coturn} {
				if ctx.Err() != nil {
					return t, ctx.Err()
				}
				fmt.Fprintf(os.Stderr, "round %d of %d: %s, %s\n", round+1, o.rounds, r.name, kind)
				values, noise, err := r.quietly(ctx, kind, o, &left)
				if err != nil {
					return t, fmt.Errorf("measuring %s of %s: %w", r.name, kind, err)
				}
				t.add(i, kind, values, noise)
			}
		}
	}
	return t, nil
}

// relay is one of those that are measured.
type relay int

const (
	jamibox relay = iota
	coturn
)

func (r relay) String() string {
	if r == coturn {
		return "coturn"
	}
	return "jamibox"
}

// quietly measures again when other programs took much time meanwhile, and
// returns the least disturbed values with the share of one CPU that the others
// took. It takes the time that it waits and measures again off what is left.
func (r row) quietly(ctx context.Context, kind relay, o options, left *time.Duration) (values []float64, noise float64, err error) {
	for attempt := range o.attempts {
		start := time.Now()
		if o.attempts > 1 && *left > 0 {
			if err := calm(ctx, min(*left, longest)); err != nil {
				return nil, 0, err
			}
		}
		*left -= time.Since(start)
		start = time.Now()
		again, disturbed, err := r.once(ctx, kind, o)
		if err != nil {
			return nil, 0, err
		}
		if attempt == 0 || disturbed < noise {
			values, noise = again, disturbed
		}
		if attempt > 0 {
			*left -= time.Since(start)
		}
		if noise <= quiet || *left <= 0 {
			break
		}
	}
	return values, noise, nil
}

// once starts a relay, measures and stops it.
func (r row) once(ctx context.Context, kind relay, o options) ([]float64, float64, error) {
	dir, err := os.MkdirTemp("", "jamibox-bench-")
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var p *server.Process
	var j *server.Jamibox
	if kind == coturn {
		p, err = server.Coturn(ctx, dir, r.cpus)
	} else if j, err = server.StartJamibox(ctx, server.Settings{CPUs: r.cpus}); err == nil {
		p = j.Process
	}
	if err != nil {
		return nil, 0, err
	}
	if j != nil && o.profiles != "" {
		err = j.Profile(filepath.Join(o.profiles, r.file()+".pprof"))
	}
	var values []float64
	var noise float64
	if err == nil {
		values, noise, err = undisturbed(p, func() ([]float64, error) { return r.measure(p, o) })
	}
	if j != nil && o.profiles != "" && err == nil {
		err = j.Profile("")
	}
	return values, noise, errors.Join(err, p.Stop())
}
