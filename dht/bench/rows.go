// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jamibox/appliance/bench/beside"
	"jamibox/dht/bench/load"
	"jamibox/dht/bench/server"
)

// row is one measurement.
type row struct {
	beside.Row
	// measure returns a value for each figure.
	measure func(ctx context.Context, p *server.Process, o options) ([]float64, error)
}

func rows(o options) []row {
	fixed := func(op *load.Operation) func(*load.Crowd) (func(uint64) *load.Operation, error) {
		return func(*load.Crowd) (func(uint64) *load.Operation, error) {
			return func(uint64) *load.Operation { return op }, nil
		}
	}
	prepared := func(prepare func(*load.Crowd) (*load.Operation, error)) func(*load.Crowd) (func(uint64) *load.Operation, error) {
		return func(c *load.Crowd) (func(uint64) *load.Operation, error) {
			op, err := prepare(c)
			return func(uint64) *load.Operation { return op }, err
		}
	}
	var list []row
	for _, kind := range []struct {
		name    string
		prepare func(*load.Crowd) (func(n uint64) *load.Operation, error)
	}{
		{"ping", fixed(load.Ping())},
		{"find", fixed(load.Find())},
		{"get", prepared((*load.Crowd).Get)},
		{"get, 2000-byte values", prepared((*load.Crowd).GetLarge)},
		{"put", fixed(load.Put())},
		{"listen", prepared((*load.Crowd).Listen)},
		{"put with push", prepared((*load.Crowd).Push)},
		{"mixed: 8 get, 1 find, 1 put", mixed},
	} {
		for _, outstanding := range []int{1, 16, 256} {
			list = append(list, loadRow(fmt.Sprintf("%s, %d outstanding", kind.name, outstanding), outstanding, kind.prepare))
		}
	}
	return append(list, memoryRow(o.values))
}

func mixed(c *load.Crowd) (func(n uint64) *load.Operation, error) {
	get, err := c.Get()
	find, put := load.Find(), load.Put()
	return func(n uint64) *load.Operation {
		switch n % 10 {
		case 3:
			return find
		case 7:
			return put
		}
		return get
	}, err
}

func loadRow(name string, outstanding int, prepare func(*load.Crowd) (func(n uint64) *load.Operation, error)) row {
	return row{
		Row: beside.Row{Name: name, Figures: []beside.Figure{
			{Name: "operations", Unit: "1/s"}, {Name: "operations", Unit: "1/CPU s", Goal: beside.AtLeast(1)},
			{Name: "p50", Unit: "µs"}, {Name: "p99", Unit: "µs"}, {Name: "lost"},
		}},
		measure: func(_ context.Context, p *server.Process, o options) (values []float64, err error) {
			c, err := load.New(p.Addr())
			if err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			operation, err := prepare(c)
			if err != nil {
				return nil, err
			}
			before, err := p.CPU()
			if err != nil {
				return nil, err
			}
			r, err := c.Run(load.Load{Operation: operation, Outstanding: outstanding, For: o.duration})
			if err != nil {
				return nil, err
			}
			after, err := p.CPU()
			done := float64(r.Done)
			return []float64{
				done / r.Took.Seconds(), done / (after - before).Seconds(), micros(r.Quantile(0.5)), micros(r.Quantile(0.99)), float64(r.Lost),
			}, err
		},
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// memoryRow looks at the memory with ever more values stored.
func memoryRow(counts []int) row {
	figures := []beside.Figure{{Name: "resident, nothing stored", Unit: "MB"}}
	for _, n := range counts {
		figures = append(figures, beside.Figure{Name: fmt.Sprintf("resident, %d stored", n), Unit: "MB"})
	}
	figures = append(figures, beside.Figure{Name: "growth per value", Unit: "bytes", Goal: beside.AtMost(1)})
	measure := func(_ context.Context, p *server.Process, _ options) (values []float64, err error) {
		c, err := load.New(p.Addr())
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, c.Close()) }()
		empty, err := p.RSS()
		if err != nil {
			return nil, err
		}
		values = append(values, float64(empty)/1e6)
		put, full, stored := load.Put(), int64(0), uint64(0)
		for _, n := range counts {
			result, err := c.Run(load.Load{
				Operation: func(uint64) *load.Operation { return put }, Outstanding: 16, First: stored, Count: uint64(n) - stored,
			})
			if err != nil {
				return nil, err
			}
			stored += result.Asked
			if full, err = p.RSS(); err != nil {
				return nil, err
			}
			values = append(values, float64(full)/1e6)
		}
		return append(values, float64(full-empty)/float64(stored)), nil
	}
	return row{Row: beside.Row{Name: "memory, 128-byte values", Figures: figures}, measure: measure}
}
