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
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"jamibox/appliance/bench/beside"
	"jamibox/turn/bench/server"
)

// The machine's CPUs. The generator keeps the first.
const (
	generatorCPU = 0
	relayCPU     = 1
)

// longest is how long to wait for a quiet machine before one measurement.
const longest = 30 * time.Second

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
	if err := beside.Pin(&set); err != nil {
		return err
	}
	runtime.GOMAXPROCS(set.Count())
	chosen := slices.DeleteFunc(rows(o), func(r row) bool { return !wanted.MatchString(r.Name) })
	t, err := measure(ctx, chosen, o)
	fmt.Printf("loads of %s, %d clients in UDP loads, %d CPUs; relay on CPU %d, generator on CPU %d\n",
		o.duration, o.clients, runtime.NumCPU(), relayCPU, generatorCPU)
	return errors.Join(err, t.Print(os.Stdout))
}

// measure takes every row of both relays in turn, round by round, so that what
// changes on the machine changes for both.
func measure(ctx context.Context, rows []row, o options) (*beside.Table, error) {
	var lines []beside.Row
	for _, r := range rows {
		lines = append(lines, r.Row)
	}
	t := beside.NewTable(relays[jamibox], relays[coturn], lines)
	left := o.patience
	for round := range o.rounds {
		for i, r := range rows {
			for _, side := range []beside.Side{jamibox, coturn} {
				if ctx.Err() != nil {
					return t, ctx.Err()
				}
				fmt.Fprintf(os.Stderr, "round %d of %d: %s, %s\n", round+1, o.rounds, r.Name, relays[side])
				values, noise, err := r.quietly(ctx, side, o, &left)
				if err != nil {
					return t, fmt.Errorf("measuring %s of %s: %w", r.Name, relays[side], err)
				}
				t.Add(i, side, values, noise)
			}
		}
	}
	return t, nil
}

const (
	jamibox = beside.Ours
	coturn  = beside.Theirs
)

// relays are the names of those that are measured.
var relays = [...]string{jamibox: "jamibox", coturn: "coturn"}

// quietly measures again when other programs took much time meanwhile, and
// returns the least disturbed values with the share of one CPU that the others
// took. It takes the time that it waits and measures again off what is left.
func (r row) quietly(ctx context.Context, side beside.Side, o options, left *time.Duration) (values []float64, noise float64, err error) {
	for attempt := range o.attempts {
		start := time.Now()
		if o.attempts > 1 && *left > 0 {
			if err := beside.Calm(ctx, min(*left, longest)); err != nil {
				return nil, 0, err
			}
		}
		*left -= time.Since(start)
		start = time.Now()
		again, disturbed, err := r.once(ctx, side, o)
		if err != nil {
			return nil, 0, err
		}
		if attempt == 0 || disturbed < noise {
			values, noise = again, disturbed
		}
		if attempt > 0 {
			*left -= time.Since(start)
		}
		if noise <= beside.Quiet || *left <= 0 {
			break
		}
	}
	return values, noise, nil
}

// once starts a relay, measures and stops it.
func (r row) once(ctx context.Context, side beside.Side, o options) ([]float64, float64, error) {
	dir, err := os.MkdirTemp("", "jamibox-bench-")
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var p *server.Process
	var j *server.Jamibox
	if side == coturn {
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
		values, noise, err = p.Undisturbed(func() ([]float64, error) { return r.measure(p, o) })
	}
	if j != nil && o.profiles != "" && err == nil {
		err = j.Profile("")
	}
	return values, noise, errors.Join(err, p.Stop())
}
