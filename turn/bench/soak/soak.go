// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"context"
	"fmt"
	"io"
	"time"

	"jamibox/turn/bench/netns"
	"jamibox/turn/bench/server"
)

const (
	// gone is when the relay must have noticed that a client vanished: the
	// lifetime of an allocation that is not refreshed, and some time on top.
	gone = 11 * time.Minute
	// still is when the relay must be at rest after clients that took leave.
	still = 10 * time.Second
	// grown is how much more memory may be in use at the end, in bytes.
	grown = 16 << 20
)

// Soak is what the relay has to stand.
type Soak struct {
	For    time.Duration // length of the mixed load
	Cycles int           // allocations made and released before it
	Vanish int           // clients that disappear before it
	Out    io.Writer     // for the progress
}

// Ports is the range of relayed ports that Run needs: small enough to be used
// up at the end, which shows that none is missing.
const Ports = "50000-51999"

const ports = 2000

// Run runs the load against a relay that relays at Ports and has no other
// clients. It returns an error if the relay loses data, serves a client that
// it must refuse, or does not return to where it was.
func (s Soak) Run(ctx context.Context, relay *server.Jamibox) error {
	p := &place{relay: relay}
	start, err := count(relay)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "at the start: %s\n", start)

	if err := p.cycles(ctx, s.Cycles); err != nil {
		return err
	}
	if err := rest(ctx, relay, start, still); err != nil {
		return fmt.Errorf("after %d allocations: %w", s.Cycles, err)
	}
	before, err := resident(relay)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "after %d allocations made and released: as at the start, %d MB in use\n", s.Cycles, before>>20)

	if err := p.vanish(ctx, s.Vanish); err != nil {
		return fmt.Errorf("vanishing: %w", err)
	}
	if err := netns.Silence(ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%d clients have vanished\n", s.Vanish)

	if err := mix(ctx, relay, p.deeds(), s.For, s.Out); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "the load is over; what vanished clients left may stay for up to %s\n", gone)
	if err := rest(ctx, relay, start, gone); err != nil {
		return err
	}
	if err := p.fill(ports); err != nil {
		return fmt.Errorf("allocating all %d relayed ports at the end: %w", ports, err)
	}
	if err := rest(ctx, relay, start, still); err != nil {
		return err
	}
	after, err := resident(relay)
	if err != nil {
		return err
	}
	if after > before+grown {
		return fmt.Errorf("%w: %d MB of memory in use, %d MB before the load", errLeft, after>>20, before>>20)
	}
	fmt.Fprintf(s.Out, "at the end: as at the start, %d MB in use\n", after>>20)
	return nil
}
