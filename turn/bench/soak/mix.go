// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"jamibox/turn/bench/server"
)

// deed is something that clients do, some of them at a time.
type deed struct {
	name    string
	workers int
	pause   time.Duration // between two of one worker
	do      func(ctx context.Context) error
	done    atomic.Int64
}

func (p *place) deeds() []*deed {
	return []*deed{
		{name: "calls", workers: 10, do: func(ctx context.Context) error { return p.call(ctx, 100+rand.IntN(900), anySize()) }},
		{name: "files", workers: 2, pause: time.Second, do: func(context.Context) error { return p.transfer(20<<20, 64<<10) }},
		{name: "chats", workers: 4, do: func(context.Context) error { return p.transfer(100<<10, 1+rand.IntN(200)) }},
		{name: "allocations", workers: 2, pause: 100 * time.Millisecond, do: func(context.Context) error {
			return errors.Join(p.cycleUDP(10), p.cycleTCP())
		}},
		{name: "vanished", workers: 1, pause: 2 * time.Second, do: func(context.Context) error {
			i := p.next()
			return p.vanishOne(i, clientAddr(i))
		}},
		{name: "revoked", workers: 1, pause: 3 * time.Second, do: p.revoked},
		{name: "wrong passwords", workers: 1, pause: 3 * time.Second, do: func(context.Context) error { return p.wrongPassword() }},
	}
}

// mix does all deeds at once, again and again, until the time is over.
func mix(ctx context.Context, relay *server.Jamibox, deeds []*deed, duration time.Duration, out io.Writer) error {
	group, ctx := errgroup.WithContext(ctx)
	over := make(chan struct{})
	timer := time.AfterFunc(duration, func() { close(over) })
	defer timer.Stop()
	for _, d := range deeds {
		for range d.workers {
			group.Go(func() error { return d.repeat(ctx, over) })
		}
	}
	group.Go(func() error { return report(ctx, over, relay, deeds, out) })
	if err := group.Wait(); err != nil {
		return err
	}
	return line(relay, deeds, out)
}

func (d *deed) repeat(ctx context.Context, over <-chan struct{}) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
		if err := d.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		d.done.Add(1)
		pause.Reset(d.pause)
	}
}

// report writes a line every minute.
func report(ctx context.Context, over <-chan struct{}, relay *server.Jamibox, deeds []*deed, out io.Writer) error {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-minute.C:
		}
		if err := line(relay, deeds, out); err != nil {
			return err
		}
	}
}

// line writes what the relay holds and what has been done so far.
func line(relay *server.Jamibox, deeds []*deed, out io.Writer) error {
	now, err := count(relay)
	if err != nil {
		return err
	}
	rss, err := relay.RSS()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s %s, %d MB resident;", time.Now().Format(time.TimeOnly), now, rss>>20)
	for _, d := range deeds {
		text += fmt.Sprintf(" %d %s", d.done.Load(), d.name)
	}
	_, err = fmt.Fprintln(out, text)
	return err
}
