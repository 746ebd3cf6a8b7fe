// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"jamibox/appliance/bench/beside"
	"jamibox/turn/bench/crowd"
	"jamibox/turn/bench/server"
)

// row is one measurement.
type row struct {
	beside.Row
	cpus []int // of the relay
	// measure returns a value for each figure.
	measure func(p *server.Process, o options) ([]float64, error)
}

func (r row) file() string { return strings.NewReplacer(" ", "-", ",", "", "/", "-").Replace(r.Name) }

func rows(o options) []row {
	one, both := []int{relayCPU}, []int{relayCPU, generatorCPU}
	list := []row{
		bulkRow("TCP bulk, client to peer", one, bulk{up: true, write: 256 << 10}),
		bulkRow("TCP bulk, peer to client", one, bulk{write: 256 << 10}),
		bulkRow("TCP writes of 160 B, 5000 a second", one, bulk{up: true, write: 160, rate: 5000}),
		bulkRow("TCP writes of 160 B, saturated", one, bulk{up: true, write: 160}),
	}
	for _, size := range []int{160, 1200} {
		list = append(list, pacedRow(size, 20_000, one))
	}
	list = append(list, pacedRow(160, 1_000, one))
	for _, size := range []int{160, 1200} {
		for _, l := range []crowd.Load{{Up: true, Down: true}, {Up: true}, {Down: true}} {
			l.Size = size
			list = append(list, saturatedRow(fmt.Sprintf("UDP %d B saturated, %s, 1 CPU", size, ways(l)), one, l))
		}
	}
	for _, l := range []crowd.Load{{Up: true, Down: true}, {Up: true}, {Down: true}} {
		l.Size, l.Train = 1200, 8
		list = append(list, saturatedRow(fmt.Sprintf("UDP 1200 B saturated, %s, 8 in a row, 1 CPU", ways(l)), one, l))
	}
	for _, size := range []int{160, 1200} {
		l := crowd.Load{Size: size, Up: true, Down: true}
		list = append(list, saturatedRow(fmt.Sprintf("UDP %d B saturated, %s, 2 CPUs, one shared with the generator", size, ways(l)), both, l))
	}
	return append(list, rateRow(one), memoryRow(o.many, one))
}

func ways(l crowd.Load) string {
	switch {
	case l.Up && l.Down:
		return "both ways"
	case l.Up:
		return "client to peer"
	}
	return "peer to client"
}

// withCrowd measures with clients that have a channel each.
func withCrowd(p *server.Process, n int, measure func(c *crowd.Crowd) ([]float64, error)) ([]float64, error) {
	c, err := crowd.New(server.Addr(), 0, n, p.Credentials)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	if err := c.Allocate(); err != nil {
		return nil, err
	}
	if err := c.Bind(); err != nil {
		return nil, err
	}
	return measure(c)
}

// pacedRow sends at a rate at which nothing may be lost, and looks at the time
// that packets take. The same load past the relay is what latency adds to.
func pacedRow(size, rate int, cpus []int) row {
	var goal beside.Goal
	if rate >= 20_000 {
		goal = beside.AtMost(1.8)
	}
	return row{
		Row: beside.Row{Name: fmt.Sprintf("UDP %d B at %d packets/s", size, rate), Figures: []beside.Figure{
			{Name: "CPU per packet", Unit: "µs", Goal: goal},
			{Name: "lost", Unit: "%"},
			{Name: "added latency, p50", Unit: "µs"},
			{Name: "added latency, p99", Unit: "µs"},
			{Name: "strays", Unit: "packets"},
		}},
		cpus: cpus,
		measure: func(p *server.Process, o options) ([]float64, error) {
			return withCrowd(p, o.clients, func(c *crowd.Crowd) ([]float64, error) {
				l := crowd.Load{Size: size, Rate: rate, Up: true, Down: true, For: o.duration}
				through, spent, err := loaded(p, c, l)
				if err != nil {
					return nil, err
				}
				l.Direct = true
				direct, err := c.Run(l)
				if err != nil {
					return nil, err
				}
				return []float64{
					micros(spent.relay) / float64(through.Relayed()),
					100 * through.Loss(),
					micros(through.Quantile(0.5) - direct.Quantile(0.5)),
					micros(through.Quantile(0.99) - direct.Quantile(0.99)),
					float64(through.Strays + direct.Strays),
				}, nil
			})
		},
	}
}

// saturatedRow sends as much as the generator can.
func saturatedRow(name string, cpus []int, l crowd.Load) row {
	return row{
		Row: beside.Row{Name: name, Figures: []beside.Figure{
			{Name: "CPU per packet", Unit: "µs", Goal: beside.AtMost(1.3)},
			{Name: "relayed", Unit: "packets/s"},
			{Name: "lost", Unit: "%"},
			{Name: "relay's CPU", Unit: "%"},
			{Name: "generator's CPU", Unit: "%"},
			{Name: "strays", Unit: "packets"},
		}},
		cpus: cpus,
		measure: func(p *server.Process, o options) ([]float64, error) {
			return withCrowd(p, o.clients, func(c *crowd.Crowd) ([]float64, error) {
				l.For = o.duration
				r, spent, err := loaded(p, c, l)
				if err != nil {
					return nil, err
				}
				return []float64{
					micros(spent.relay) / float64(r.Relayed()),
					float64(r.Relayed()) / r.Took.Seconds(),
					100 * r.Loss(),
					100 * spent.relay.Seconds() / r.Took.Seconds(),
					100 * spent.generator.Seconds() / r.Took.Seconds(),
					float64(r.Strays),
				}, nil
			})
		},
	}
}

func loaded(p *server.Process, c *crowd.Crowd, l crowd.Load) (crowd.Result, spent, error) {
	var r crowd.Result
	s, err := spending(p, func() error {
		var err error
		r, err = c.Run(l)
		return err
	})
	if err == nil && r.Relayed() == 0 {
		err = fmt.Errorf("nothing of %d packets came through", r.Sent)
	}
	return r, s, err
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
