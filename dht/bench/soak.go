// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"jamibox/dht/bench/load"
	"jamibox/dht/bench/server"
)

const (
	// soakRate is what a busy site asks in a second, and soakHostile what comes
	// besides from forged addresses.
	soakRate, soakHostile = 6000, 2000
	// looks is how often the memory is looked at.
	looks = 30
	// flat is by how much the memory may be larger in the second half than in the
	// first. The garbage collector lets it come and go by that much; what lost ten
	// bytes for each datagram would double it in five minutes.
	flat = 1.25
	// answered is the share of requests that must be.
	answered = 0.999
)

// soak loads the builtin node, with the limits that it has in a box, for a time,
// and fails if it grows or does not answer.
func soak(ctx context.Context, w io.Writer, d time.Duration) (err error) {
	p, err := server.Start(ctx, server.Limited)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	c, err := load.New(p.Addr())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	fmt.Fprintf(w, "%d requests a second of peers, %d datagrams of others, for %s\n", soakRate, soakHostile, d)
	var early, late int64
	result, err := c.Soak(load.Soak{
		Rate: soakRate, Hostile: soakHostile, For: d, Every: d / looks,
		Tell: func(so load.Soaked) error {
			rss, err := p.RSS()
			if err != nil {
				return err
			}
			spent, err := p.CPU()
			if err != nil {
				return err
			}
			if so.After < d/2 {
				early = max(early, rss)
			} else {
				late = max(late, rss)
			}
			fmt.Fprintf(w, "%6s  resident %.1f MB  %d of %d answered  %d hostile  CPU %.1f%%\n", so.After.Round(time.Second),
				float64(rss)/1e6, so.Replied, so.Asked, so.Hostile, 100*spent.Seconds()/so.After.Seconds())
			return ctx.Err()
		},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d of %d answered, p50 %s, p99 %s; resident at most %.1f MB in the first half, %.1f MB in the second\n",
		result.Replied, result.Asked, result.Quantile(.5).Round(time.Microsecond), result.Quantile(.99).Round(time.Microsecond),
		float64(early)/1e6, float64(late)/1e6)
	if share := float64(result.Replied) / float64(result.Asked); share < answered {
		return fmt.Errorf("only %.2f%% of the requests were answered", 100*share)
	}
	if float64(late) > flat*float64(early) {
		return errors.New("the node grew")
	}
	return nil
}
