// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"time"

	"jamibox/appliance/bench/beside"
	"jamibox/turn/bench/server"
)

// spent is what a load took.
type spent struct{ wall, relay, generator time.Duration }

func spending(p *server.Process, load func() error) (spent, error) {
	var s spent
	relayBefore, err := p.CPU()
	if err != nil {
		return s, err
	}
	ownBefore, err := beside.OwnCPU()
	if err != nil {
		return s, err
	}
	start := time.Now()
	if err := load(); err != nil {
		return s, err
	}
	s.wall = time.Since(start)
	relayAfter, err := p.CPU()
	if err != nil {
		return s, err
	}
	ownAfter, err := beside.OwnCPU()
	s.relay, s.generator = relayAfter-relayBefore, ownAfter-ownBefore
	return s, err
}
