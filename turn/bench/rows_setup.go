// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"fmt"
	"time"

	"jamibox/appliance/bench/beside"
	"jamibox/turn/bench/crowd"
	"jamibox/turn/bench/server"
)

// rateRow counts allocations that are made and given back, by clients that
// were never seen before.
func rateRow(cpus []int) row {
	return row{
		Row: beside.Row{Name: "allocate and release", Figures: []beside.Figure{
			{Name: "CPU per cycle", Unit: "µs"},
			{Name: "cycles", Unit: "1/s"},
			{Name: "relay's CPU", Unit: "%"},
		}},
		cpus: cpus,
		measure: func(p *server.Process, o options) ([]float64, error) {
			cycles := 0
			s, err := spending(p, func() error {
				for start := time.Now(); time.Since(start) < o.duration; cycles += o.clients {
					if err := cycle(p, cycles, o.clients); err != nil {
						return err
					}
				}
				return nil
			})
			return []float64{
				micros(s.relay) / float64(cycles),
				float64(cycles) / s.wall.Seconds(),
				100 * s.relay.Seconds() / s.wall.Seconds(),
			}, err
		},
	}
}

func cycle(p *server.Process, first, n int) error {
	c, err := crowd.New(server.Addr(), first, n, p.Credentials)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := c.Allocate(); err != nil {
		return err
	}
	return c.Release()
}

// memoryRow looks at the memory of many allocations with a channel each, over
// which packets have gone both ways.
func memoryRow(allocations int, cpus []int) row {
	return row{
		Row: beside.Row{Name: fmt.Sprintf("memory with %d UDP allocations", allocations), Figures: []beside.Figure{
			{Name: "resident", Unit: "MB", Goal: beside.Within(100)},
			{Name: "without any", Unit: "MB"},
		}},
		cpus: cpus,
		measure: func(p *server.Process, _ options) ([]float64, error) {
			before, err := p.RSS()
			if err != nil {
				return nil, err
			}
			return withCrowd(p, allocations, func(c *crowd.Crowd) ([]float64, error) {
				// One packet each way for each.
				l := crowd.Load{Size: 160, Rate: 5000, Up: true, Down: true}
				l.For = time.Duration(2*allocations) * time.Second / time.Duration(l.Rate)
				if _, _, err := loaded(p, c, l); err != nil {
					return nil, err
				}
				after, err := p.RSS()
				return []float64{float64(after) / 1e6, float64(before) / 1e6}, err
			})
		},
	}
}
